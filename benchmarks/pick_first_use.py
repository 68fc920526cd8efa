"""What the first picking on a new machine costs beside a later one: CPU seconds of `terrella pick run`, by network.

The first finds empty places for caches and compiled code, the second what the first left there. The record is of
ten minutes of one station; weights are random, which tell the time alone. `--quick` takes GPD alone.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch

from _command import command_seconds
from _result import write_result
from pick_continuous import make_samples, write_record
from terrella.pick.networks import architecture
from terrella.pick.networks.weights import seisbench_name

NETWORKS = ("gpd", "phasenet", "eqtransformer")
SAMPLES = 60_000
TIMES = 3  # new machines, of which the one with the least counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        record = work / "record.mseed"
        write_record(record, make_samples()[:, :SAMPLES], 1)
        for name in NETWORKS[:1] if options.quick else NETWORKS:
            weights = work / f"{name}.pt"
            torch.manual_seed(0)
            state = architecture(name).make().state_dict()
            torch.save({seisbench_name(name, key): value for key, value in state.items()}, weights)
            found = [first_and_later(record, weights, work / f"{name}_{k}") for k in range(TIMES)]
            first, later = (min(each) for each in zip(*found, strict=True))
            rows.append(
                {"what": f"{name}: first use beside a later one", "ours": first, "peer": later,
                 "peer_name": "a later use", "unit": "CPU s", "ratio": first / later}
            )  # fmt: skip
    notes = (
        "ten minutes of one station, random weights; all of the command but imports; the least of three each"
    )
    write_result("pick_first_use", rows, notes, options.quick)


def first_and_later(record: Path, weights: Path, work: Path) -> tuple[float, float]:
    """Return the CPU seconds of two picks on a machine that has kept nothing yet."""
    places = {
        "XDG_CACHE_HOME": work / "cache", "NUMBA_CACHE_DIR": work / "numba", "PYTHONPYCACHEPREFIX": work / "code",
    }  # fmt: skip
    work.mkdir()
    more = {name: str(place) for name, place in places.items()}
    words = ("pick", "run", str(record), "--bundle", str(weights), "--output")
    first, later = (
        command_seconds([*words, str(work / f"picks_{k}")], work, ("torch", "numba"), more) for k in (1, 2)
    )
    return first, later


if __name__ == "__main__":
    main()
