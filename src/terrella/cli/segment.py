"""The verbs of `terrella segment` that are its own: demo, data, predict, show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from terrella.cli.flags import Bundle, DemoRun, Output, Scheduler, Workers, bundle_there, shown
from terrella.cli.tasks import load_task
from terrella.engine.terminal import say

__all__ = ["data", "demo", "predict", "show"]


@Parameter(name="*")
@dataclass(frozen=True)
class Reading:
    """What a file of a section does not say, or says wrongly.

    Parameters
    ----------
    interval
        Between samples, in the unit, where the file does not say or its headers contradict each other.
    unit
        Of the vertical axis: s, or m for a depth.
    inline_byte
        SEG-Y: first byte of the inline number in the trace headers, where numbers are not in 189, 193 or 9, 21.
    crossline_byte
        SEG-Y: that of the crossline number.
    """

    interval: float | None = None
    unit: Literal["s", "m"] | None = None
    inline_byte: int | None = None
    crossline_byte: int | None = None

    def told(self) -> dict[str, Any]:
        """Return how the file is to be opened."""
        from terrella.formats.sections.open import line_bytes

        lines = line_bytes(self.inline_byte, self.crossline_byte)
        return {"interval": self.interval, "unit": self.unit, "lines": lines}


def demo(*, run: DemoRun = Path("runs/segment/demo"), seed: int = 0, noise: Path | None = None) -> None:
    """Train a small U-Net on modelled microseismic sections, and judge it on surveys that it never saw.

    STA/LTA and coherence stand beside it. With real sections at hand (TERRELLA_DATA), it marks those too.

    Example: terrella segment demo

    Parameters
    ----------
    seed
        Seed of surveys, weights and order.
    noise
        Folder of DAS records (HDF5) whose cuts are the noise of every second section: a harder test.
    """
    following = f"terrella segment predict SECTION --bundle {run} -o probability.zarr"
    shown(lambda report: load_task("segment").demo(run, report, seed, noise), following)


def data(
    section: Path,
    *,
    output: Output,
    chunk: Annotated[tuple[int, ...], Parameter(consume_multiple=True, negative_iterable=())] = (),
    reading: Reading | None = None,
) -> None:
    """Convert a section or volume to zarr, which is read a piece at a time; say what was found in it.

    Stopped at any moment and typed again, it goes on where it was.

    Example: terrella segment data survey.sgy -o survey.zarr

    Parameters
    ----------
    section
        SEG-Y, a DAS record (PRODML, Silixa, Terra15, DASDAE, or what DASCore reads), .npy, NetCDF or another zarr.
    output
        Folder to write, its name ending in .zarr.
    chunk
        Samples along each axis that are read together, such as --chunk 128 1024; 256 256 or 64 64 64 by default.
    """
    from terrella.segment.data.convert import convert

    told = (reading or Reading()).told()
    following = f"terrella segment show {output} -o {output.with_suffix('.png')}"
    shown(lambda report: convert(section, output, report, chunk, **told), following)


def predict(
    section: Path,
    *,
    bundle: Bundle,
    output: Output,
    memory: str = "2GB",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    figure: Path | None = None,
    reading: Reading | None = None,
) -> None:
    """Give the probability of every sample of a section or volume of any size, in its own geometry.

    It is predicted in pieces without seams. Stopped at any moment and typed again, it goes on where it was.

    Example: terrella segment predict survey.sgy --bundle runs/segment/demo -o probability.sgy

    Parameters
    ----------
    section
        SEG-Y, zarr, a DAS record, .npy or NetCDF.
    output
        Name ending in .zarr, or in .sgy or .segy where the section came from SEG-Y.
    memory
        Of all processes together, such as 2GB or 800MB; of each worker where a scheduler is named.
    figure
        Picture of the section and the prediction side by side: .png, .pdf or .svg.
    """
    from terrella.formats.sections.open import open_section

    bundle_there(bundle, "segment")  # both before what predicts is imported
    told = (reading or Reading()).told()
    open_section(section, **told)
    options = {"memory": memory, "workers": workers, "scheduler": scheduler, "figure": figure, **told}
    shown(
        lambda report: load_task("segment").predict(section, bundle, output, report, **options),
        f"terrella segment show {section} {output} -o {output.with_suffix('.png')}",
    )


def show(
    section: Path,
    prediction: Path | None = None,
    *,
    output: Output,
    reading: Reading | None = None,
) -> None:
    """Draw a section of any size and, beside it, a network's prediction; of a volume the middle inline.

    Example: terrella segment show survey.sgy probability.zarr -o survey.png

    Parameters
    ----------
    section
        SEG-Y, zarr, a DAS record, .npy or NetCDF.
    prediction
        What `terrella segment predict` wrote of it.
    output
        Picture to write: .png, .pdf or .svg.
    """
    from terrella.formats.sections.open import open_section
    from terrella.segment.use.show import figure_of_prediction, open_like

    told = (reading or Reading()).told()
    seen = open_section(section, **told)
    predicted = None if prediction is None else open_like(prediction, seen, told["lines"])
    figure_of_prediction(output, seen, predicted)
    for note in seen.notes:
        say(note)
    say(f"written: {output}")
