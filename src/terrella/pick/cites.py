"""Names of the methods that a picker's run, or a comparison's, used."""

import tomllib
from collections.abc import Sequence

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.pick.comparison.settings import CompareSettings
from terrella.pick.networks import architecture
from terrella.pick.settings import PickSettings


def cites(run: Run) -> list[str]:
    """Return the methods that have references, in the order of their use."""
    if "networks" not in tomllib.loads(run.settings.read_text(encoding="utf-8")):
        settings = load_settings(PickSettings, run.settings, task="pick")
        classical = ["Baer–Kradolfer", "AIC", "STA/LTA"] if run.scores.is_file() else []
        return ["picking", *_networks([settings.network]), *classical, *_synthetic(settings.data.sets)]
    compared = load_settings(CompareSettings, run.settings, task="pick compare")
    classical = ["Baer–Kradolfer", "AIC", "STA/LTA"] if compared.classical.baselines else []
    made = _synthetic([*compared.train_sets, *compared.test_sets])
    return ["picking", *_networks(compared.networks), *classical, *made]


def _synthetic(sets: Sequence[str]) -> list[str]:
    return ["synthetic seismograms"] if any("synthetic:" in each for each in sets) else []


def _networks(names: Sequence[str]) -> list[str]:
    # DPP is compared as one picker.
    return list(dict.fromkeys(architecture("dpp-p" if name == "dpp" else name).reference for name in names))
