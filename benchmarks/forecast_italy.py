"""Italy, M ≥ 2.5 (HORUS), three depth layers: train on 1990 to 2008, choose on 2009 to 2014, test from 2015 on.

The test window, with Amatrice–Norcia 2016, was judged once. The data are read from TERRELLA_DATA (default
../shared/data).
"""

from typing import Any

from _forecast_run import run_benchmark


def settings(quick: bool) -> dict[str, Any]:
    """Return the settings of the benchmark."""
    chosen: dict[str, Any] = {
        "data": {
            "min_magnitude": 2.5,
            "bounds": [6.0, 19.0, 36.0, 48.0],
            "cell_deg": 0.25,
            "depth_edges_km": [0.0, 12.0, 40.0, 1000.0],
            "auxiliary_start": "1985-01-01",
            "train_start": "1990-01-01",
            "validation_start": "2009-01-01",
            "test_start": "2015-01-01",
            "test_end": "2016-01-01" if quick else "2019-12-31",
        },
        # Narrower ones, as at 0.1°, do not reach from cell to cell.
        "network": {"kernels_km": [20.0, 45.0, 90.0, 180.0]},
    }
    if quick:
        chosen["fit"] = {"epochs": 1, "samples": 50_000, "step_days": 7.0}
    return chosen


if __name__ == "__main__":
    run_benchmark(__doc__ or "", "forecast_italy", "italy_horus.parquet", settings)
