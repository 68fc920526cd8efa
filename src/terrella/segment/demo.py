"""`terrella segment demo`: a small U-Net on modelled sections, judged on surveys that it never saw."""

from pathlib import Path

from terrella.engine.run import Report, Run
from terrella.segment.judging.command import judge
from terrella.segment.settings import (
    DataSettings,
    FitSettings,
    NetworkSettings,
    PatchSettings,
    SegmentSettings,
)
from terrella.segment.synthetic.real_noise import find_records
from terrella.segment.train import train
from terrella.segment.use.real import show_real_sections


def demo_settings(seed: int, noise: Path | None = None) -> SegmentSettings:
    """Return settings under which the demo takes a few minutes on two cores; `noise` is a folder of DAS records."""
    return SegmentSettings(
        data=DataSettings(
            surveys=96, per_survey=10, shape=(64, 512), shares=(0.7, 0.1, 0.2), seed=seed,
            noise=None if noise is None else str(noise),
        ),
        patch=PatchSettings(shape=(64, 256)),
        network=NetworkSettings(widths=(8, 16, 32, 64, 128)),
        fit=FitSettings(epochs=14, batch=4, learning_rate=3e-3, seed=seed),
    )  # fmt: skip


def demo(folder: Path, seed: int, report: Report, noise: Path | None = None) -> None:
    """Train, judge and mark real sections in a run's folder; a demo that was stopped goes on.

    With a folder of DAS records, cuts of these are the noise of every second section, of those judged on too.

    Raises:
        InputError: where the folder holds no record.
        Interrupted: after SIGTERM or Ctrl-C; the same call goes on from there.
    """
    train(folder, demo_settings(seed, noise), report)
    judge(folder, "test", {}, report)
    show_real_sections(Run(folder), report)
    if noise is None and (records := find_records()):
        again = folder.with_name(f"{folder.name}_das")
        print(
            f"{len(records)} real DAS records are at hand; with their noise, a harder test: terrella segment demo "
            f"--noise {records[0].parent} --run {again}"
        )
