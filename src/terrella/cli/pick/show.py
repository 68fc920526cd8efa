"""`terrella pick show`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from terrella.errors import InputError


def show(
    waveforms: str,
    picks: Path,
    *,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    interactive: Annotated[bool, Parameter(negative=())] = False,
    station: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> None:
    """Draw picks on the waveforms of a station: three components, P and S.

    Example: terrella pick show archive/ picks/picks.csv -o picks.png --station CI.CCC --start 2019-07-06T03:00:00

    Parameters
    ----------
    waveforms
        A file of miniSEED or SAC, a folder such as an SDS archive, or a pattern of files in quotes.
    picks
        CSV file with trace_id, phase and time, as `predict` writes it.
    output
        Figure to write; its suffix chooses the format, .html a page to look around in.
    interactive
        Write that page, one file that needs no network, by default beside the picks.
    station
        network.station; by default that of the first pick.
    start
        First time to draw, in UTC; by default some seconds before the first pick.
    end
        Last time; by default a minute after the first.
    """
    from terrella.files import must_exist

    if not any(letter in waveforms for letter in "*?["):
        must_exist(Path(waveforms), "miniSEED or SAC files, or an SDS, were")
    must_exist(picks, "a table of picks was")
    if interactive and output is not None and output.suffix.lower() != ".html":
        raise InputError(f"{output}: with --interactive the output is a page: name it .html")
    if output is None:
        if not interactive:
            raise InputError("give --output, or --interactive for a page beside the picks")
        output = picks.with_suffix(".html")
    from terrella.pick.show import show as draw

    print(draw(waveforms, picks, output, station, start, end))
