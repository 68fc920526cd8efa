"""`terrella segment predict`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def predict(
    section: Path,
    *,
    bundle: str,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    memory: str = "2GB",
    workers: int = 1,
    scheduler: str | None = None,
    figure: Path | None = None,
    interval: float | None = None,
    unit: Literal["s", "m"] | None = None,
) -> None:
    """Give the probability of every sample of a section or volume of any size, in its own geometry.

    It is predicted in pieces without seams. Stopped at any moment and typed again, it goes on where it was.

    Example: terrella segment predict survey.sgy --bundle runs/segment/demo -o probability.sgy

    Parameters
    ----------
    section
        SEG-Y, zarr, a DAS record in HDF5, .npy or NetCDF-4.
    bundle
        A trained network: a bundle's folder, a run's, or the name of a run in runs/segment.
    output
        Name ending in .zarr, or in .sgy or .segy where the section came from SEG-Y.
    memory
        Of all processes together, such as 2GB or 800MB; of each worker where a scheduler is named.
    workers
        Processes on this machine.
    scheduler
        Address of a Dask scheduler whose workers see the same folders, such as tcp://node:8786.
    figure
        PNG of the section and the prediction side by side.
    interval
        Between samples, in the unit, where the file does not say or its headers contradict each other.
    unit
        Of the vertical axis: s, or m for a depth.
    """
    from terrella.engine.progress import shown_progress
    from terrella.engine.terminal import say
    from terrella.formats.sections.open import open_section

    open_section(section, interval, unit)  # before what predicts is imported
    from terrella.segment.use.predict import memory_in_bytes
    from terrella.segment.use.predict import predict as run_predict
    from terrella.segment.use.show import figure_of_prediction

    with shown_progress() as report:
        lines = run_predict(
            section, bundle, output, report, memory_in_bytes(memory), workers, scheduler, interval, unit
        )
    for line in lines:
        say(line)
    if figure is not None:
        seen = open_section(section, interval, unit)
        figure_of_prediction(figure, seen, open_section(output, seen.interval, seen.unit))
        print(f"written: {figure}")
