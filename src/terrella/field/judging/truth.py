"""Forecasts of a simulated field beside what it did."""

from pathlib import Path

import numpy as np

from terrella.field.harmonics.schmidt import field_at
from terrella.field.model import load_model
from terrella.field.opening import SIMULATED
from terrella.field.settings import FieldSettings
from terrella.field.simulated import DRIFT_RAD_YR, N_MAX, simulate


def compared_with_truth(run: Path, settings: FieldSettings) -> str:
    """Return how far the last forecasts are from the truth where it is known, else how to predict."""
    data = settings.data
    if data.observatories != SIMULATED:
        return f"forecast your own: terrella field predict FILE --bundle {run} -o forecast.csv"
    horizon = data.horizon_years
    made = simulate(data.sites, data.years + horizon, data.seed)
    known = simulate(data.sites, data.years, data.seed).observatories
    model = load_model(run)
    site, issued, name = model.forecast(known)
    sites = known
    true = np.stack([
        field_at(made.truth[k], sites.radius_km[site], sites.latitude[site], sites.longitude[site], N_MAX)
        for k in (data.years - 1, data.years - 1 + horizon)
    ])  # fmt: skip
    off = true[1] - true[0] - issued.change
    drift = -np.degrees(DRIFT_RAD_YR)
    return (
        f"{horizon} years after the last annual mean, without noise: RMS error "
        f"{np.sqrt((off**2).mean()):.1f} nT by {name}, {100 * (np.abs(off) <= issued.half[1]).mean():.0f} % "
        f"in 90 % intervals; the true drift is {drift:.2f}° a year westward"
    )
