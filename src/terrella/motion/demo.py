"""What `terrella motion demo` shows: real records where some are at hand, else made ones; or waveforms."""

from pathlib import Path

import numpy as np

from terrella.motion.model import load_model
from terrella.motion.opening import SYNTHETIC, asked_measures
from terrella.motion.settings import DataSettings, FitSettings, Kind, MotionSettings
from terrella.motion.synthetic import SIGMA, make_synthetic
from terrella.real_data import data_folder

_REAL = Path("motion/esm_balkans_1607.csv.gz")


def demo_settings(
    seed: int, flatfile: Path | str | None, kind: Kind = "flatfile"
) -> tuple[MotionSettings, str]:
    """Return settings under which the demo takes a few minutes on two cores, and a line on its records."""
    if kind == "waveforms":
        data = DataSettings(kind=kind, flatfile=str(flatfile or SYNTHETIC), seed=seed)
        return MotionSettings(data=data, fit=FitSettings(seed=seed)), (
            "simulated seismograms, whose magnitudes and distances are known; real ones, whose metadata have "
            "magnitudes, by --flatfile FOLDER"
            if flatfile is None
            else f"waveforms of {flatfile}"
        )
    real = data_folder() / _REAL
    if flatfile is None and real.is_file():
        flatfile = real
    data = DataSettings(flatfile=str(flatfile or SYNTHETIC), measures=("PGA", "PGV", "SA(1)"), seed=seed)
    return MotionSettings(data=data), (
        f"synthetic records, since {real} is not there; their σ is {SIGMA:.3f} about the true median"
        if flatfile is None
        else f"records of {flatfile}"
    )


def compared_with_truth(run: Path, settings: MotionSettings) -> str:
    """Return how far the predicted medians are from the truth where it is known, else how to predict."""
    if settings.data.kind == "waveforms":
        return f"your own records: terrella motion predict FOLDER --bundle {run} -o out.csv"
    if settings.data.flatfile != SYNTHETIC:
        return (
            f"medians and deviations of scenarios: terrella motion predict SCENARIOS.csv --bundle {run} "
            "-o motions.csv"
        )
    data = settings.data
    made = make_synthetic(data.events, data.stations, asked_measures(data), data.seed)
    model = load_model(run)
    off = model.median(made.records) - made.truth
    shown = ", ".join(f"{m} {np.sqrt((off[:, k] ** 2).mean()):.3f}" for k, m in enumerate(model.measures))
    return f"RMS between the predicted and the true median, in ln units: {shown}"
