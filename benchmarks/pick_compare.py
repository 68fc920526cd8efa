"""Pickers trained on synthetic domains, across domains and on real traces, beside the original PhaseNet.

`terrella pick compare` as a user would run it: PhaseNet and BasicPhaseAE trained on synthetic local and teleseismic
seismograms, fine-tuned on the training splits of real Northern Californian and NORSAR traces, judged on all four
sets beside the published weights of the original PhaseNet, STA/LTA with AIC, and Baer–Kradolfer. The real sets are
small (31 and 25 test traces), and their intervals wide. Data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from _result import DATA_FOLDER, write_result
from terrella.engine.progress import shown_progress
from terrella.pick.comparison.compare import compare
from terrella.pick.comparison.settings import ClassicalSettings, CompareSettings

DOMAINS = ("local", "teleseismic")
SHOWN = {"detection_auc": "AUC", "phase_mcc": "MCC", "p_rmse_s": "P RMSE", "s_rmse_s": "S RMSE"}
UNITS = {"p_rmse_s": "s", "s_rmse_s": "s"}
ORIGINAL = "phasenet-original"


def settings(data: Path, quick: bool) -> CompareSettings:
    """Return the settings of the comparison."""
    traces = 300 if quick else 1000
    synthetic = tuple(f"{name}=synthetic:{name}:{traces}" for name in DOMAINS)
    real = (f"norcal={data / 'northern_california_local'}", f"norsar={data / 'norsar_regional'}")
    return CompareSettings(
        networks=("phasenet", "basicphaseae"),
        train_sets=synthetic,
        test_sets=(*synthetic, *real),
        target=("norcal", "norsar"),
        weights={ORIGINAL: str(data / "phasenet_original.safetensors")},
        fine_tune=("local,norcal", "local,norsar"),
        resampling=("teleseismic", "norsar"),
        rates_hz=(100.0, 20.0),
        learning_rates=(1e-2,),
        epochs=3 if quick else 16,
        batch=32,
        patience=5,
        windows_per_trace=2,
        classical=ClassicalSettings(
            initial_points=6 if quick else 10, evaluations=6 if quick else 20, picks=60 if quick else 300
        ),
        resamples=500,
    )


def rows_of(table: pd.DataFrame) -> list[dict]:
    """Return the test scores of every picker, the original PhaseNet's beside."""
    tests = table[(table["split"] == "test") & table["score"].isin(SHOWN)]
    original = tests[tests["picker"] == ORIGINAL].set_index(["test_set", "rate_hz", "score"])["value"]
    rows = []
    for row in tests[tests["picker"] != ORIGINAL].itertuples():
        peer = original.get((row.test_set, row.rate_hz, row.score))
        known = peer is not None and peer == peer
        rate = "" if row.rate_hz == 100 else f" read at {row.rate_hz:g} Hz"
        rows.append(
            {
                "what": f"{row.picker} on {row.test_set}{rate}: {SHOWN[row.score]} [{row.low:.3g}, {row.high:.3g}]",
                "ours": None if row.value != row.value else round(float(row.value), 4),
                "peer": round(float(peer), 4) if known else None,
                "peer_name": "original PhaseNet" if known else "",
                "unit": UNITS.get(row.score, ""),
                "ratio": None,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--run", type=Path, default=Path("runs/pick/benchmark"))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    data = DATA_FOLDER / "pick"
    if not data.is_dir():
        sys.exit(f"no data in {data}: set TERRELLA_DATA")
    with shown_progress() as report:
        compare(options.run, settings(data, options.quick), report, workers=options.workers)
    notes = (
        "test splits, 95 % bootstrap intervals by event; thresholds from the development splits; 16 epochs of "
        "1,200 windows from 1,000 synthetic traces per domain, so that the networks are far from fully trained"
    )
    write_result("pick_compare", rows_of(pd.read_csv(options.run / "matrix.csv")), notes, options.quick)


if __name__ == "__main__":
    main()
