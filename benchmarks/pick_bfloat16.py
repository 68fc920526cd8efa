"""Continuous picking by networks compressed to bfloat16, beside the full ones and SeisBench, in one run.

The record and the processes are those of pick_continuous.py. Of PhaseNet with its published weights, picks beside
those of the full network, and the errors of onsets on the test split of the same data set; EQTransformer has
random weights, which tell its time alone.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from _result import write_result
from compress import CONFIDENT, WEIGHTS, judged
from pick_continuous import make_samples, run_here, run_peer, shared, write_record

FORMS = ("onnx", "onnx-bf16")
TIMES = 5  # by turns, of which the fastest counts, on both sides


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each side once")
    parser.add_argument("--peer-python", type=Path, required=True, help="a Python that can import seisbench")
    options = parser.parse_args()
    times = 1 if options.quick else TIMES
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        record = work / "record.mseed"
        write_record(record, make_samples(), 3)
        for name, weights in (("phasenet", WEIGHTS), ("eqtransformer", "")):
            out = work / f"{name}.json"
            peers, bundles = [], dict[str, Path]()
            runs: dict[str, list[dict[str, Any]]] = {form: [] for form in FORMS}
            for k in range(times):
                peers.append(run_peer(options.peer_python, record, name, weights, out))
                bundles = bundles or forms_of(weights or f"{out}.pt", work / name)
                for form, bundle in bundles.items():
                    runs[form].append(run_here(record, str(bundle), work / f"{name}_{form}_{k}"))
            peer, picked = fastest(peers), {form: fastest(each) for form, each in runs.items()}
            rows += [timed(f"{name}, {form}", found, peer) for form, found in picked.items()]
            if weights:
                rows += accuracy(picked, bundles, work)
    from terrella.engine.compress.measure import processor

    notes = (
        f"on {processor()}; 10.3 h of one station with three components; CPU seconds with reading, without "
        "imports, ours of a network that was used before; EQTransformer with random weights; confident picks: "
        "those of the full network above 0.5, found within 0.02 s"
    )
    write_result("pick_bfloat16", rows, notes, options.quick)


def forms_of(weights: str, folder: Path) -> dict[str, Path]:
    """Write weights as bundles, float32 by ONNX Runtime and bfloat16 by OpenVINO."""
    from terrella.engine.compress.forms import as_onnx
    from terrella.engine.use.bundle import Bundle, save_bundle
    from terrella.pick.bundle import load_picker_network, picker_values
    from terrella.pick.compressing import compression

    network, trained, _ = load_picker_network(weights)
    full = Bundle("pick", network.state_dict(), picker_values(trained), "", "# A picker\n")
    for form in FORMS:
        save_bundle(folder / form, as_onnx(compression, network, full, form, lambda: None))
    return {form: folder / form for form in FORMS}


def fastest(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return min(runs, key=lambda each: float(each["cpu_seconds"]))


def timed(what: str, ours: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    seconds = float(ours["cpu_seconds"]), float(peer["cpu_seconds"])
    return row(f"{what}: reading and picking", *seconds, "SeisBench", "CPU s", seconds[1] / seconds[0])


def accuracy(picked: dict[str, dict[str, Any]], bundles: dict[str, Path], work: Path) -> list[dict[str, Any]]:
    """Return the rows of picks that stay, and of the errors of onsets."""
    full, small = (picked[form]["picks"] for form in FORMS)
    sure = [each for each in full if each[2] > CONFIDENT]
    own = [each for each in small if each[2] > CONFIDENT]
    rows = [
        row("phasenet, onnx-bf16: found of the full network's", shared(small, sure), None, "the full network",
            f"share of {len(sure)} confident picks"),
        row("phasenet, onnx-bf16: of its own that the full network has", shared(full, own), None,
            "the full network", f"share of {len(own)} confident picks"),
    ]  # fmt: skip
    scores = {form: judged(bundle, work / f"{form}_judged") for form, bundle in bundles.items()}
    for score in ("p_rmse_s", "s_rmse_s"):
        ours, peer = scores["onnx-bf16"][score], scores["onnx"][score]
        unit = f"s, the full network's interval [{peer['low']:.4f}, {peer['high']:.4f}]"
        rows.append(
            row(f"phasenet, onnx-bf16: {score}", ours["value"], peer["value"], "the full network", unit)
        )
    return rows


def row(
    what: str, ours: float, peer: float | None, peer_name: str, unit: str, ratio: float | None = None
) -> dict[str, Any]:
    cells = {"what": what, "ours": ours, "peer": peer, "peer_name": peer_name, "unit": unit}
    return {**cells, "ratio": ratio}


if __name__ == "__main__":
    main()
