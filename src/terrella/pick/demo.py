"""`terrella pick demo`: the whole of a comparison, small, on seismograms that are made on the way."""

from pathlib import Path

from terrella.engine.run import Report
from terrella.pick.comparison.compare import compare
from terrella.pick.comparison.settings import ClassicalSettings, CompareSettings

TRACES = 1000
DOMAINS = ("local", "teleseismic")


def demo(folder: Path, seed: int, report: Report) -> None:
    """Train PhaseNet and BasicPhaseAE on two domains, judge them on both beside the classical methods, and report.

    Raises:
        Interrupted: after SIGTERM or Ctrl-C; the same call goes on from there.
    """
    sets = tuple(f"{name}=synthetic:{name}:{TRACES}" for name in DOMAINS)
    settings = CompareSettings(
        networks=("phasenet", "basicphaseae"),
        train_sets=sets,
        test_sets=sets,
        resampling=("teleseismic",),
        rates_hz=(100.0, 50.0, 20.0),
        learning_rates=(1e-2,),
        epochs=16,
        batch=32,
        patience=5,
        windows_per_trace=2,
        classical=ClassicalSettings(initial_points=10, evaluations=20, picks=300),
        resamples=500,
        seed=seed,
    )
    compare(folder, settings, report)
