"""`terrella segment data`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def data(
    section: Path,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    chunk: Annotated[tuple[int, ...], Parameter(consume_multiple=True, negative_iterable=())] = (),
    interval: float | None = None,
    unit: Literal["s", "m"] | None = None,
) -> None:
    """Convert a section or volume to zarr, which is read a piece at a time; say what was found in it.

    Stopped at any moment and typed again, it goes on where it was.

    Example: terrella segment data survey.sgy -o survey.zarr

    Parameters
    ----------
    section
        SEG-Y, a DAS record in HDF5 (PRODML, Silixa, Terra15, DASDAE), .npy, NetCDF-4 or another zarr.
    output
        Folder to write, its name ending in .zarr.
    chunk
        Samples along each axis that are read together, such as --chunk 128 1024; 256 256 or 64 64 64 by default.
    interval
        Between samples, in the unit, where the file does not say or its headers contradict each other.
    unit
        Of the vertical axis: s, or m for a depth.
    """
    from terrella.engine.progress import shown_progress
    from terrella.engine.terminal import say
    from terrella.segment.data.convert import convert

    with shown_progress() as report:
        lines = convert(section, output, report, chunk, interval, unit)
    for line in lines:
        say(line)
