"""A month in a scripted clock's time: the memory of a live record that is followed, computed and asked.

The region is the small simulated one of the tests; a fake source gives each event when it happened, and the clock
goes on by ten minutes at each look. The memory is that of this process, which follows and answers, and that of the
process that computes, at the end of each day.
"""

import argparse
import gc
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
from starlette.testclient import TestClient

from _result import write_result

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "live"))

from live_cases import BUNDLE, CATALOGUE, RULES, quiet, us

from terrella.formats.catalogues.read import read_catalogue
from terrella.live.issuing import FORECAST
from terrella.live.opening import begin
from terrella.live.running import Runner
from terrella.live.scoring import SCORE
from terrella.live.times import DAY
from terrella.live.web.address import Address
from terrella.live.web.app import make_app

_LOOK_US = 600_000_000
_SETTLED = 3  # days after which nothing is loaded for the first time
_ASKED = (
    *(
        "/api/health",
        "/metrics",
        "/",
        "/api/forecasts?limit=100",
        "/api/forecasts/latest/values",
        "/api/scores",
    ),
    *("/api/events?limit=1000", "/api/history?cell=3", "/api/probability?longitude=1.6&latitude=2.4"),
)


def main() -> None:
    """Measure, and write benchmarks/results/live_month.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="eight days")
    quick = parser.parse_args().quick
    days, began = 8 if quick else 30, us("2008-06-01")
    catalogue = read_catalogue(CATALOGUE)[0]
    now = began
    with tempfile.TemporaryDirectory() as folder:
        opened = begin(Path(folder) / "live", RULES, BUNDLE, began, False)

        def read():
            return catalogue.between("1900-01-01", np.datetime64(now, "us"))

        runner = Runner(opened, read, quiet)
        client = TestClient(
            make_app(opened, Address("127.0.0.1", 8765, None)), base_url="http://127.0.0.1:8765"
        )
        memory = []
        for day in range(1, days + 1):
            asked = _ASKED if day > 1 else ()  # before the first forecast there is none to ask for
            while now < began + day * DAY:
                now += _LOOK_US
                runner.step(now)
                for path in asked:
                    client.get(path).raise_for_status()
            gc.collect()
            memory.append([_megabytes(each) for each in (psutil.Process(), _computing())])
        runner.close()
        forecasts, scores = (opened.store.count(kind) for kind in (FORECAST, SCORE))
        faults = runner.faults
    settled = np.array(memory[_SETTLED - 1 :])
    rows = [
        _row("looks at the source", days * DAY // _LOOK_US, None, "", ""),
        _row("requests answered", (days - 1) * DAY // _LOOK_US * len(_ASKED), None, "", ""),
        _row("forecasts issued", forecasts, None, "", ""),
        _row("windows scored", scores, None, "", ""),
        _row("faults", faults, 0, "aim", ""),
    ]
    for place, name in enumerate(("following and answering", "computing")):
        values = settled[:, place]
        change = 100 * (values[-1] / values[0] - 1)
        rows += [
            _row(f"memory of what is {name}, day {_SETTLED}", values[0], None, "", "MB"),
            _row(f"change by day {days}", change, 5.0, "aim: at most, up or down", "%"),
            _row(
                "highest over that of the first of these days",
                100 * (values.max() / values[0] - 1),
                None,
                "",
                "%",
            ),
        ]
    write_result(
        "live_month", rows, "resident memory, read at the end of each day of the scripted clock", quick
    )


def _computing() -> psutil.Process:
    """Return the largest child: the others only keep account of what the processes share."""
    return max(psutil.Process().children(recursive=True), key=lambda each: each.memory_info().rss)


def _megabytes(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def _row(what: str, ours: float, peer: float | None, name: str, unit: str) -> dict:
    return {
        "what": what,
        "ours": round(float(ours), 2),
        "peer": peer,
        "peer_name": name,
        "unit": unit,
        "ratio": None,
    }


if __name__ == "__main__":
    main()
