"""GPD every 8 samples beside SeisBench's: CPU seconds, memory, and whether the answers are the same; one thread.

GPD is first trained for a minute or two on the training part of Northern California's traces; both sides load
those weights. Then each side, in a process of its own, goes through continuous records, made of the other
traces with pre-event noise between them. The peer runs where `--peer-python` names a Python that
can import `seisbench`. `--weights` names a file that keeps the trained weights for the next run. `--quick` trains
less and takes shorter records. The data are read from TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DATA = Path(os.environ.get("TERRELLA_DATA", Path(__file__).parents[2] / "shared" / "data")) / "pick"
SET = "northern_california_local"
STRIDE = 8
RATE_HZ = 100
THRESHOLD = 0.7  # SeisBench's own for GPD
# Seconds from event to event in the continuous records.
APART_S = (600, 90)

PEER = """
import json, resource, sys, time
import numpy as np, obspy, torch
import seisbench.models as models
weights, given, out = sys.argv[1:]
torch.set_num_threads(1)
model = models.GPD(phases="PSN")
model.load_state_dict(torch.load(weights, weights_only=True), strict=False)
model.eval()
given = np.load(given)
took, found = {}, {}
for name in given.files:
    x = given[name]
    header = dict(network="XX", station="A", sampling_rate=100.0)
    traces = [obspy.Trace(x[0, k], dict(header, channel="HH" + c)) for k, c in enumerate("ZNE")]
    stream = obspy.Stream(traces)
    began = time.process_time()
    said = model.annotate(stream, stride=8)
    took[name] = time.process_time() - began
    found[name] = np.stack([said.select(channel="GPD_" + p)[0].data for p in "PSN"])[None]
np.savez(out, **found)
json.dump({"cpu": took, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}, sys.stdout)
"""


@dataclass(frozen=True)
class Side:
    """What one side answered and took."""

    said: dict[str, npt.NDArray[np.float32]]  # probabilities (record, P S N, window)
    cpu_seconds: dict[str, float]
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer-python", type=Path, default=None, help="a Python that can import seisbench")
    parser.add_argument(
        "--weights", type=Path, default=None, help="trained weights: read, or written if absent"
    )
    parser.add_argument("--here", nargs=4, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here is not None:
        run_here(*options.here)
        return
    if not (DATA / SET).is_dir():
        sys.exit(f"{DATA / SET} is not there; set TERRELLA_DATA")
    from _result import write_result
    from terrella.pick.data.open import open_store

    store = open_store(str(DATA / SET))
    with tempfile.TemporaryDirectory() as folder:
        weights, given = options.weights or Path(folder) / "gpd.pt", Path(folder) / "given.npz"
        if not weights.exists():
            train(store, weights, 100 if options.quick else 450)
        inputs = {f"continuous {apart}": continuous(store, apart, options.quick) for apart in APART_S}
        np.savez(given, **inputs)
        ours = run([sys.executable, __file__, "--here"], "ours", weights, given)
        if options.peer_python is not None:
            peer = run([str(options.peer_python), "-W", "ignore", "-c", PEER], None, weights, given)
            peer_name = "SeisBench"
        else:
            peer = run([sys.executable, __file__, "--here"], "each", weights, given)
            peer_name = "one by one"
    rows = rows_of(inputs, ours, peer, peer_name)
    write_result("pick_gpd", rows, notes(options), options.quick)


def train(store: Any, path: Path, steps: int) -> None:
    """Train GPD on windows of P, S and noise in equal parts; write its weights under SeisBench's names."""
    import torch

    from terrella.pick.networks import architecture
    from terrella.pick.networks.weights import seisbench_name

    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    network = architecture("gpd")
    module = network.make()
    optimiser = torch.optim.Adam(module.parameters(), 1e-3)
    traces = np.flatnonzero(store.split == "train")
    picks = store.picks[:, [store.phases.index(name) for name in "PS"]].astype(int)
    for _ in range(steps):
        trace, kind = draw.choice(traces, 64), draw.integers(0, 3, 64)
        last = store.length[trace] - 400
        start = np.where(
            kind < 2, picks[trace, kind % 2] - draw.integers(100, 300, 64), draw.integers(0, last)
        )
        start = start.clip(0, last)
        inside = (picks[trace] >= start[:, None] + 100) & (picks[trace] < start[:, None] + 300)
        label = np.where(inside.any(1), inside.argmax(1), 2)
        label = np.where(inside.all(1), kind % 2, label)
        windows = np.stack([store.trace(t)[:, s : s + 400] for t, s in zip(trace, start, strict=True)])
        logits = module(network.prepared(torch.from_numpy(windows)))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(label))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save({seisbench_name("gpd", name): value for name, value in module.state_dict().items()}, path)


def continuous(store: Any, apart_s: int, quick: bool) -> npt.NDArray[np.float32]:
    """Return an hour (1, 3, sample) of held-out traces, each followed by its own noise to and fro."""
    held = np.flatnonzero(store.split != "train")
    length, record, total = apart_s * RATE_HZ, [], (900 if quick else 3600) * RATE_HZ
    for k in range(total // length):
        trace = store.trace(int(held[k % len(held)]))[:, : min(9000, length)]
        noise = trace[:, : 28 * RATE_HZ]
        pieces, missing = [trace], length - trace.shape[1]
        while missing > 0:
            noise = noise[:, ::-1]
            pieces.append(noise[:, :missing])
            missing -= noise.shape[1]
        record.append(np.concatenate(pieces, 1))
    return np.concatenate(record, 1)[None].astype(np.float32)


def run(command: list[str], kind: str | None, weights: Path, given: Path) -> Side:
    """Let a process answer all records with one thread."""
    out = given.with_name("said.npz")
    arguments = [*command, *([] if kind is None else [kind]), str(weights), str(given), str(out)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    cache = {"SEISBENCH_CACHE_ROOT": str(given.parent / "cache")}
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, **threads, **cache})
    if done.returncode:
        sys.exit(done.stderr)
    took = json.loads(done.stdout.splitlines()[-1])
    with np.load(out) as said:
        return Side(dict(said), took["cpu"], took["peak"])


def run_here(kind: str, weights: str, given: str, out: str) -> None:
    """Answer all records in this process."""
    import torch

    from terrella.pick.networks import architecture
    from terrella.pick.networks.dense_gpd import Dense
    from terrella.pick.networks.weights import load_weights

    torch.set_num_threads(1)
    module, network = load_weights(Path(weights), architecture("gpd"))
    dense = Dense(module, network)
    took, found = {}, {}
    with np.load(given) as records:
        for name in records.files:
            x = torch.from_numpy(records[name])
            began = time.process_time()
            found[name] = (dense.each(x, STRIDE) if kind == "each" else dense.probabilities(x)).numpy()
            took[name] = time.process_time() - began
            began = time.process_time()
            found[f"{name} scan"] = dense.scan(x).numpy()
            took[f"{name} scan"] = time.process_time() - began
    np.savez(out, **found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": took, "peak": peak}))


def rows_of(inputs: dict[str, Any], ours: Side, peer: Side, peer_name: str) -> list[dict[str, Any]]:
    rows = []

    def row(what: str, mine: float, theirs: float | None, unit: str) -> None:
        ratio = theirs / mine if unit in ("s", "MiB") and theirs is not None else None
        cells = {
            "what": what,
            "ours": mine,
            "peer": theirs,
            "peer_name": peer_name,
            "unit": unit,
            "ratio": ratio,
        }
        rows.append(cells)

    for name in inputs:
        words = f"{inputs[name].shape[-1] / RATE_HZ / 60:.0f} min, an event every {name.split()[1]} s"
        row(f"{words}: CPU", ours.cpu_seconds[name], peer.cpu_seconds[name], "s")
        row(f"{words}: CPU of the scan alone", ours.cpu_seconds[f"{name} scan"], peer.cpu_seconds[name], "s")
        said, scan, theirs = ours.said[name], ours.said[f"{name} scan"], peer.said[name]
        row(f"{words}: picks", len(picks(said)), len(picks(theirs)), "")
        row(
            f"{words}: the peer's picks found within {STRIDE / RATE_HZ} s",
            matched(picks(theirs), picks(said)),
            1.0,
            "",
        )
        row(f"{words}: mean difference of probability", float(np.abs(said - theirs).mean()), 0.0, "")
        row(f"{words}: the same of the scan alone", float(np.abs(scan - theirs).mean()), 0.0, "")
    row("peak memory of the process", ours.peak_mib, peer.peak_mib, "MiB")
    return rows


def picks(said: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return (phase, window) of the largest value of each stretch above half the threshold that passes it."""
    from obspy.signal.trigger import trigger_onset

    found = []
    for phase in range(2):
        curve = said[0, phase]
        for on, off in trigger_onset(curve, THRESHOLD, THRESHOLD / 2):
            found.append((phase, int(on + curve[on : off + 1].argmax())))
    return found


def matched(wanted: list[tuple[int, int]], found: list[tuple[int, int]]) -> float:
    near = [any(a == c and abs(b - d) <= 1 for c, d in found) for a, b in wanted]
    return float(np.mean(near)) if near else 1.0


def notes(options: argparse.Namespace) -> str:
    lines = [
        f"A window every {STRIDE} samples on both sides, one thread, CPU seconds without starting Python",
    ]
    if options.peer_python is None:
        lines.append("no --peer-python: the peer here is this package's network, window by window")
    return "; ".join(lines)


if __name__ == "__main__":
    main()
