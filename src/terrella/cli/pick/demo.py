"""`terrella pick demo`."""

from pathlib import Path

from terrella.cli.flags import shown


def demo(*, run: Path = Path("runs/pick/demo"), seed: int = 0) -> None:
    """Train two networks on synthetic seismograms of two domains, and compare them across domains.

    Classical methods stand beside them; the report says which picker fits which domain.

    Example: terrella pick demo

    Parameters
    ----------
    run
        Folder of the comparison; a demo that was stopped goes on from there.
    seed
        Seed of weights, order and resamples.
    """
    from terrella.pick.demo import demo as run_demo

    shown(lambda report: run_demo(run, seed, report))
