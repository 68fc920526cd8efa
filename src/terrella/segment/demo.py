"""`terrella segment demo`: a small U-Net on modelled sections, judged on surveys that it never saw."""

from pathlib import Path

from terrella.engine.run import Report, Run
from terrella.segment.judge import judge
from terrella.segment.real import show_real_sections
from terrella.segment.settings import (
    DataSettings,
    FitSettings,
    NetworkSettings,
    PatchSettings,
    SegmentSettings,
)
from terrella.segment.train import train


def demo_settings(seed: int) -> SegmentSettings:
    """Return settings under which the demo takes a few minutes on two cores."""
    return SegmentSettings(
        data=DataSettings(surveys=96, per_survey=10, shape=(64, 512), shares=(0.7, 0.1, 0.2), seed=seed),
        patch=PatchSettings(shape=(64, 256)),
        network=NetworkSettings(widths=(8, 16, 32, 64, 128)),
        fit=FitSettings(epochs=14, batch=4, learning_rate=3e-3, seed=seed),
    )


def demo(folder: Path, seed: int, report: Report) -> None:
    """Train, judge and mark real sections in a run's folder; a demo that was stopped goes on.

    Raises:
        Interrupted: after SIGTERM or Ctrl-C; the same call goes on from there.
    """
    train(folder, demo_settings(seed), report)
    judge(folder, "test", {}, report)
    show_real_sections(Run(folder), report)
