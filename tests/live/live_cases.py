"""Records of a small simulated region for tests: sixteen cells, a few hundred events."""

from pathlib import Path

import numpy as np

from terrella.engine.run import Run
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.opening import Opened, begin
from terrella.live.replaying import replay
from terrella.live.settings import LiveSettings

BEFORE = Path(__file__).parents[1] / "data" / "before" / "forecast"
CATALOGUE, BUNDLE = BEFORE / "catalogue.csv.gz", str(BEFORE / "finished")
RULES = LiveSettings(trigger_magnitude=4.8, hourly_for_hours=3)


def us(text: str) -> int:
    """Return a UTC time in microseconds since 1970."""
    return int(np.datetime64(text, "us").astype(np.int64))


def quiet(event: dict) -> None:
    """Say nothing."""


def replayed(folder: Path, start: str = "2008-06-01", end: str = "2008-07-10") -> Opened:
    """Return a record of a part of the past."""
    opened = begin(folder, RULES, BUNDLE, us(start), True)
    replay(opened, read_catalogue(CATALOGUE)[0], us(end), quiet)
    return opened


def write_run(folder: Path, epochs: int, stage: str = "network") -> None:
    """Write what a training leaves of some epochs of three steps each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text('task = "forecast"\n')
    run = Run(folder)
    for epoch in range(1, epochs + 1):
        place = {"stage": stage, "step": 3 * epoch, "epoch": epoch}
        loss = 2.0 / epoch
        run.append({"kind": "step", **place, "epochs": 8, "batch": 3, "batches": 3, "loss": loss})
        run.append({"kind": "epoch", **place, "loss": loss, "validation": loss + 0.5, "best": loss + 0.5})
