"""`terrella pick show`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def show(
    waveforms: str,
    picks: Path,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
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
        Figure to write; its suffix chooses the format.
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
    from terrella.pick.show import show as draw

    print(draw(waveforms, picks, output, station, start, end))
