"""`terrella pick data`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from terrella.cli.flags import OUTPUT, shown


def data(
    source: str | None = None,
    *,
    output: Annotated[Path | None, OUTPUT] = None,
    picks: Path | None = None,
    rate_hz: float = 100.0,
    precision: Literal["float32", "float16"] = "float32",
    repository: str | None = None,
    list_cards: Annotated[bool, Parameter(name="--list", negative=())] = False,
) -> None:
    """Make a store, which training and judging read at once, of labelled seismograms in SeisBench's format.

    A data set that has a name is taken from SeisBench's cache or downloaded into it; stopped and typed again, it
    goes on. With --picks, the source is an archive of miniSEED files (an SDS or any folder), and the output a data
    set in SeisBench's format: a window per event and station, and noise before it, split by event.

    Example: terrella pick data ETHZ -o stores/ethz

    Parameters
    ----------
    source
        Folder of a data set, the name of one (see --list), synthetic:NAME, or with --picks an archive.
    output
        Folder to write.
    picks
        QuakeML or another file of picks that ObsPy reads, a CSV table with columns trace_id, phase, time and
        perhaps event_id, SAC files with picks in their headers, or a folder of these.
    rate_hz
        Sampling rate of the store.
    precision
        float16 takes half the space; each trace is then scaled by its peak.
    repository
        Address of the repository to download from, where it is not SeisBench's own.
    list_cards
        List the eight data sets of the study: region, distances, size, and the tasks that they serve.
    """
    from terrella.files import must_exist

    if source is not None and picks is not None:  # both before what reads them is imported
        must_exist(Path(source), "miniSEED files or an SDS archive were")
        must_exist(picks, "readings in a table, QuakeML or SAC were")
    elif source is not None:
        from terrella.pick.data.locate import check_source

        check_source(source)
    from terrella.pick.data.command import make

    asked = (picks, rate_hz, precision, repository, list_cards)
    following = f"terrella pick train {output} --run runs/pick/{output.name}" if output is not None else ""
    shown(lambda report: make(source, output, report, *asked), following)
