"""The data, network and settings of the runs of before the contract that lie in tests/data/before/pick.

`finished` is one; `stopped` the same training after SIGTERM at its sixth step. The scores are those of `finished`
with 20 resamples and no search, the picks those of its bundle on the records.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
from feed_stores import make_events
from torch import nn

from terrella.pick.data.store_files import save_store
from terrella.pick.networks import basic_phase_ae
from terrella.pick.settings import DataSettings, FitSettings, PickSettings

BEFORE = Path(__file__).parents[1] / "data" / "before" / "pick"
POLICIES = {"P": 0.34, "S": 0.34}


def tiny() -> nn.Module:
    """BasicPhaseAE in 48 parameters, so that checkpoints are small."""
    return nn.Conv1d(3, 3, 5, padding="same")


ARCHITECTURES = (replace(basic_phase_ae.ARCHITECTURES[0], make=tiny),)


def make_set(folder: Path) -> None:
    """Write the data set: 16 traces to learn from, 4 of dev and 4 of test."""
    store = make_events(24, length=3400)
    split = np.repeat(["train", "dev", "test"], (16, 4, 4))
    save_store(replace(store, split=split, name="events"), folder)


def settings(folder: Path, epochs: int) -> PickSettings:
    """Return the settings of both runs."""
    fit = FitSettings(epochs=epochs, batch=4, learning_rate=0.02, device="cpu")
    return PickSettings(network="basicphaseae", data=DataSettings(sets=(str(folder),)), fit=fit)


def make_records(folder: Path) -> None:
    """Write continuous records of one station: bursts in noise."""
    folder.mkdir()
    samples = make_events(1, length=6000, seed=5).samples.reshape(3, -1)
    for channel, values in zip("ZNE", samples, strict=True):
        header = {"network": "XX", "station": "A", "channel": f"HH{channel}", "sampling_rate": 100.0,
                  "starttime": obspy.UTCDateTime(2020, 1, 1)}  # fmt: skip
        obspy.Trace(values.copy(), header).write(str(folder / f"{channel}.mseed"), format="MSEED")
