"""What `terrella field demo` shows: real observatories if at hand, else simulated ones of a known truth."""

import os
from pathlib import Path

import numpy as np

from terrella.field.harmonics.schmidt import field_at
from terrella.field.model import load_model
from terrella.field.opening import SIMULATED
from terrella.field.settings import DataSettings, FieldSettings, JudgeSettings
from terrella.field.simulated import DRIFT_RAD_YR, N_MAX, simulate

_REAL = Path("field/observatory_annual_1997_2023.csv.gz")
_NOTE = (
    "These means were cleaned of external fields with the model CHAOS-7.15, which saw data until after the "
    "last of them: "
    "inputs of earlier issue years are cleaner than they could have been"
)


def demo_settings(seed: int, observatories: str | None) -> tuple[FieldSettings, str]:
    """Return settings under which the demo takes a minute or so, and a line on its annual means."""
    real = Path(os.environ.get("TERRELLA_DATA", "../shared/data")) / _REAL
    if observatories is None and real.is_file():
        data = DataSettings(observatories=str(real), note=_NOTE, seed=seed)
        judge = JudgeSettings(generations=str(real.parent))
        return FieldSettings(data=data, judge=judge), f"annual means of {real}. {_NOTE}"
    if observatories is not None:
        return FieldSettings(
            data=DataSettings(observatories=observatories, seed=seed)
        ), f"annual means of {observatories}"
    note = "Simulated: a random field with a known truth, not the Earth's"
    return FieldSettings(
        data=DataSettings(note=note, seed=seed)
    ), f"simulated observatories, since {real} is not there"


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
        f"{np.sqrt((off**2).mean()):.1f} nT by {name}, "
        f"{100 * (np.abs(off) <= issued.half[1]).mean():.0f} % in 90 % intervals; the true drift is "
        f"{drift:.2f}° a year westward"
    )
