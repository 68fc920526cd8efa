"""What `terrella segment demo` shows: a small U-Net on modelled sections, judged on surveys that it never saw."""

from pathlib import Path

from terrella.segment.settings import (
    DataSettings,
    FitSettings,
    NetworkSettings,
    PatchSettings,
    SegmentSettings,
)
from terrella.segment.synthetic.real_noise import find_records


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


def harder(run: Path) -> str | None:
    """Return how to type the demo with the noise of real records, where some are at hand."""
    records = find_records()
    if not records:
        return None
    again = run.with_name(f"{run.name}_das")
    return (
        f"{len(records)} real DAS records are at hand; with their noise, a harder test: terrella segment demo "
        f"--noise {records[0].parent} --run {again}"
    )
