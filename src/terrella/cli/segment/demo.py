"""`terrella segment demo`."""

from pathlib import Path


def demo(*, run: Path = Path("runs/segment/demo"), seed: int = 0, noise: Path | None = None) -> None:
    """Train a small U-Net on modelled microseismic sections, and judge it on surveys that it never saw.

    STA/LTA and coherence stand beside it. With real sections at hand (TERRELLA_DATA), it marks those too.

    Example: terrella segment demo

    Parameters
    ----------
    run
        Folder of the run; a demo that was stopped goes on from there.
    seed
        Seed of surveys, weights and order.
    noise
        Folder of DAS records (HDF5) whose cuts are the noise of every second section: a harder test.
    """
    from terrella.engine.progress import shown_progress
    from terrella.segment.demo import demo as run_demo

    with shown_progress() as report:
        run_demo(run, seed, report, noise)
