"""The world, M ≥ 4.5 (ComCat, 2012 to 2018), on cells of 1°: one forecast for the globe, its test judged once.

Trained on 2013-03 to 2016-05, chosen on 2016-06 to 2017-08, tested from 2017-09 to 2018-12-06: short windows,
since the shared data hold six years. The data are read from TERRELLA_DATA (default ../shared/data).
"""

from typing import Any

from _forecast_run import run_benchmark


def settings(quick: bool) -> dict[str, Any]:
    """Return the settings of the benchmark."""
    chosen: dict[str, Any] = {
        "data": {
            "min_magnitude": 4.5,
            "bounds": [-180.0, 180.0, -90.0, 90.0],
            "cell_deg": 1.0,
            "auxiliary_start": "2012-11-29",
            "train_start": "2013-03-01",
            "validation_start": "2016-06-01",
            "test_start": "2017-09-01",
            "test_end": "2017-12-01" if quick else "2018-12-06",
        }
    }
    if quick:
        chosen["fit"] = {"epochs": 1, "samples": 50_000, "step_days": 7.0}
    return chosen


if __name__ == "__main__":
    run_benchmark(__doc__ or "", "forecast_world", "global_m45_2012_2018.comcat.csv.gz", settings)
