"""California, M ≥ 2.5, daily, weekly and monthly grids: train and judge from the command line; table of scores.

ETAS, climatology and network are trained on 1981 to 1997, every choice is made on 1998 to 2006, and the test
runs from 2007-01-01 to 2020-01-17. Cells of 0.25°; `--fine` takes those of 0.1° (result in
forecast_california_fine.json). `--quick` trains for one epoch and tests one year. The data are read from
TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
from pathlib import Path
from typing import Any

from _forecast_run import DATA, train_and_judge


def settings(quick: bool, cell_deg: float = 0.25) -> dict[str, Any]:
    """Return the settings of the benchmark, on EarthquakeNPP's region and windows."""
    npp = json.loads((DATA / "earthquakenpp_comcat25.json").read_text(encoding="utf-8"))
    chosen: dict[str, Any] = {
        "data": {
            "min_magnitude": npp["magnitude_cutoff"],
            "polygon": [[lon, lat] for lat, lon in npp["polygon_latitude_longitude"]],
            "cell_deg": cell_deg,
            "auxiliary_start": npp["auxiliary_start"][:10],
            "train_start": npp["training_start"][:10],
            "validation_start": npp["validation_start"][:10],
            "test_start": npp["test_start"][:10],
            "test_end": "2008-01-01" if quick else npp["test_end"][:10],
        }
    }
    if quick:
        chosen["fit"] = {"epochs": 1, "samples": 50_000, "step_days": 7.0}
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--fine", action="store_true", help="cells of 0.1° instead of 0.25°")
    parser.add_argument("--run", type=Path, help="folder of the run, kept afterwards")
    options = parser.parse_args()
    name = "forecast_california" + ("_fine" if options.fine else "")
    chosen = settings(options.quick, 0.1 if options.fine else 0.25)
    train_and_judge(name, "california_m25.parquet", chosen, options.run, options.quick)


if __name__ == "__main__":
    main()
