"""What `terrella interior demo` shows: a real table where one is at hand, else minerals of a known truth."""

from pathlib import Path

import numpy as np

from terrella.interior.learning.samples import drawn, noise_of
from terrella.interior.model import load_model
from terrella.interior.opening import SIMULATED, open_grid
from terrella.interior.settings import DataSettings, FitSettings, InteriorSettings
from terrella.real_data import data_folder

_REAL = "in23_1.tab"


def demo_settings(seed: int, table: Path | str | None) -> tuple[InteriorSettings, str]:
    """Return settings under which the demo takes about a minute on one core, and a line on its rocks."""
    real = data_folder() / "interior" / _REAL
    if table is None and real.is_file():
        table = real
    fit = FitSettings(seed=seed)
    if table is None:
        said = f"simulated rocks, since {real} is not there: (Mg,Fe)₂SiO₄ by its minerals' equations of state"
        return InteriorSettings(data=DataSettings(seed=seed), fit=fit), said
    return InteriorSettings(data=DataSettings(tables=(str(table),), seed=seed), fit=fit), f"rocks of {table}"


def compared_with_truth(run: Path, settings: InteriorSettings) -> str:
    """Return how often new rocks of known temperature lie in their intervals, else how to predict."""
    if settings.data.tables != (SIMULATED,):
        return f"your own profile: terrella interior predict PROFILE.csv --bundle {run} -o temperatures.csv"
    data = settings.data
    grid = open_grid(data, lambda event: None)
    rocks = drawn(grid, 5000, noise_of(data), np.random.default_rng([data.seed, 9]))
    t, truth = load_model(run).temperatures(rocks.seen).quantiles_k, rocks.temperature_k
    half, most = (((truth >= t[:, low]) & (truth <= t[:, high])).mean() for low, high in ((1, 3), (0, 4)))
    return (
        f"of 5,000 new rocks of known temperature {100 * half:.0f} % lie in their 50 % intervals and "
        f"{100 * most:.0f} % in their 90 % intervals; medians are off by "
        f"{np.abs(t[:, 2] - truth).mean():.0f} K in the mean"
    )
