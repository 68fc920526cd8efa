"""`terrella segment show`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def show(
    section: Path,
    prediction: Path | None = None,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    interval: float | None = None,
    unit: Literal["s", "m"] | None = None,
) -> None:
    """Draw a section of any size and, beside it, a network's prediction; of a volume the middle inline.

    Example: terrella segment show survey.sgy probability.zarr -o survey.png

    Parameters
    ----------
    section
        SEG-Y, zarr, a DAS record in HDF5, .npy or NetCDF-4.
    prediction
        What `terrella segment predict` wrote of it.
    output
        PNG to write.
    interval
        Between samples, in the unit, where the file does not say or its headers contradict each other.
    unit
        Of the vertical axis: s, or m for a depth.
    """
    from terrella.formats.sections.open import open_section
    from terrella.segment.use.show import figure_of_prediction

    seen = open_section(section, interval, unit)
    predicted = None if prediction is None else open_section(prediction, seen.interval, seen.unit)
    figure_of_prediction(output, seen, predicted)
    print(f"written: {output}")
