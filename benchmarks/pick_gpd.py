"""GPD every 8 samples beside SeisBench's: CPU seconds, memory, and whether the answers are the same; one thread.

GPD is first trained for a minute or two on the training part of Northern California's traces; both sides load
those weights. Then each side, in a process of its own, goes through (1) continuous records, made of the other
traces with pre-event noise between them, and (2) the evaluation targets of Münchmeyer et al. (2022) on the other
traces: ours by `Dense.peaks`, the peer's network window by window, at our stride inside the target and, as
that study's code does, every 5 samples of 3,400 around it. The peer runs where `--peer-python` names a Python that
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
AROUND = 200  # samples from a window's start to where its answer stands
STUDY = (3400, 5)  # samples and stride with which the study evaluates any target

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
    if "inside" in name:
        continue
    if name.startswith("continuous"):
        header = dict(network="XX", station="A", sampling_rate=100.0)
        traces = [obspy.Trace(x[0, k], dict(header, channel="HH" + c)) for k, c in enumerate("ZNE")]
        stream = obspy.Stream(traces)
        began = time.process_time()
        said = model.annotate(stream, stride=8)
        took[name] = time.process_time() - began
        found[name] = np.stack([said.select(channel="GPD_" + p)[0].data for p in "PSN"])[None]
    else:
        began = time.process_time()
        said, stride = [], 5 if "study" in name else 8
        with torch.no_grad():
            for record in torch.from_numpy(x):
                windows = record.unfold(-1, 400, stride).transpose(0, 1)
                said.append(model(windows - windows.mean(-1, keepdim=True)).T)
        took[name] = time.process_time() - began
        found[name] = torch.stack(said).numpy()
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
    from terrella.pick.judging.targets import make_targets

    store = open_store(str(DATA / SET))
    targets = make_targets(store, "all")
    with tempfile.TemporaryDirectory() as folder:
        weights, given = options.weights or Path(folder) / "gpd.pt", Path(folder) / "given.npz"
        if not weights.exists():
            train(store, weights, 100 if options.quick else 450)
        inputs = {f"continuous {apart}": continuous(store, apart, options.quick) for apart in APART_S}
        chosen = {"detection": held_out(store, targets.detection), "phase": held_out(store, targets.phase)}
        for name, windows in (("detection", targets.detection), ("phase", targets.phase)):
            length = int(windows.end[0] - windows.start[0])
            inputs[name] = around(store, windows, chosen[name], length + 2 * AROUND - STRIDE)
            number = (inputs[name].shape[-1] - 2 * AROUND) // STRIDE + 1
            inputs[f"{name} inside"] = inside(store, windows, chosen[name], number)
            inputs[f"{name} study"] = around(store, windows, chosen[name], STUDY[0])
        np.savez(given, **inputs)
        ours = run([sys.executable, __file__, "--here"], "ours", weights, given)
        if options.peer_python is not None:
            peer = run([str(options.peer_python), "-W", "ignore", "-c", PEER], None, weights, given)
            peer_name = "SeisBench"
        else:
            peer = run([sys.executable, __file__, "--here"], "each", weights, given)
            peer_name = "one by one"
    truth = {"detection": targets.event[chosen["detection"]], "phase": targets.is_p[chosen["phase"]]}
    rows = rows_of(inputs, ours, peer, peer_name, truth)
    write_result("pick_gpd", rows, notes(inputs, options), options.quick)


def held_out(store: Any, windows: Any) -> npt.NDArray[np.int64]:
    """Return the targets of traces that GPD was not trained on."""
    return np.flatnonzero(store.split[windows.trace] != "train")


def inside(store: Any, windows: Any, chosen: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.bool_]:
    """Return which of the windows at our stride in a target lie in its trace, (target, window)."""
    middle = (windows.start[chosen] + windows.end[chosen]) // 2
    first = middle - (number - 1) * STRIDE // 2 - AROUND
    starts = first[:, None] + np.arange(number) * STRIDE
    return (starts >= 0) & (starts + 2 * AROUND <= store.length[windows.trace[chosen], None])


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


def around(store: Any, windows: Any, chosen: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.float32]:
    """Return records (target, 3, sample) with the targets in their middle; zero beyond the traces."""
    made = []
    for trace, start, end in zip(
        *(each[chosen] for each in (windows.trace, windows.start, windows.end)), strict=True
    ):
        samples = np.pad(store.trace(int(trace)), ((0, 0), (length, length)))
        begin = length + (start + end - length) // 2
        made.append(samples[:, begin : begin + length])
    return np.stack(made)


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
        for name in (each for each in records.files if "inside" not in each):
            x = torch.from_numpy(records[name])
            began = time.process_time()
            if kind == "each":
                found[name] = dense.each(x, STUDY[1] if "study" in name else STRIDE).numpy()
            elif name.startswith("continuous"):
                found[name] = dense.probabilities(x).numpy()
            elif "study" not in name:
                found[name] = dense.peaks(x, torch.from_numpy(records[f"{name} inside"])).numpy()
            took[name] = time.process_time() - began
            if name.startswith("continuous"):
                began = time.process_time()
                found[f"{name} scan"] = dense.scan(x).numpy()
                took[f"{name} scan"] = time.process_time() - began
    np.savez(out, **found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": took, "peak": peak}))


def rows_of(
    inputs: dict[str, Any], ours: Side, peer: Side, peer_name: str, truth: dict[str, Any]
) -> list[dict[str, Any]]:
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

    for name in (each for each in inputs if each.startswith("continuous")):
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
    for name, words in (("detection", "30 s targets"), ("phase", "10 s targets")):
        row(f"{words}: CPU at the same stride", ours.cpu_seconds[name], peer.cpu_seconds[name], "s")
        row(
            f"{words}: CPU beside the study's way",
            ours.cpu_seconds[name],
            peer.cpu_seconds[f"{name} study"],
            "s",
        )
    event, is_p = truth["detection"], truth["phase"]
    mine, theirs = (within(side.said["detection"], inputs["detection inside"]) for side in (ours, peer))
    row("30 s targets: AUC of detection", auc(1 - mine[:, 2], event), auc(1 - theirs[:, 2], event), "")
    mine, theirs = (within(side.said["phase"], inputs["phase inside"]) for side in (ours, peer))
    row("10 s targets: MCC of P or S", mcc(mine, is_p), mcc(theirs, is_p), "")
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


def auc(score: npt.NDArray[np.float32], event: npt.NDArray[np.bool_]) -> float:
    """Return the share of pairs of an event and noise that the score puts in order."""
    a, b = score[event][:, None], score[~event]
    return float((a > b).mean() + 0.5 * (a == b).mean())


def mcc(best: npt.NDArray[np.float32], is_p: npt.NDArray[np.bool_]) -> float:
    """Return Matthews' coefficient of whether P's or S's largest probability is the larger."""
    return float(np.corrcoef(best[:, 0] > best[:, 1], is_p)[0, 1])


def within(said: npt.NDArray[np.float32], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return P's and S's largest probability and noise's smallest, (target, 3), of the windows chosen."""
    phases = np.where(chosen[:, None], said[:, :2], 0).max(-1)
    return np.concatenate((phases, np.where(chosen, said[:, 2], 1).min(-1)[:, None]), 1)


def notes(inputs: dict[str, Any], options: argparse.Namespace) -> str:
    lines = [
        f"A window every {STRIDE} samples on both sides, one thread, CPU seconds without starting Python",
        f"{len(inputs['detection'])} targets of 30 s and {len(inputs['phase'])} of 10 s on the traces held out",
        "on the targets the peer's time is its network's alone, without its generator",
    ]
    if options.peer_python is None:
        lines.append("no --peer-python: the peer here is this package's network, window by window")
    return "; ".join(lines)


if __name__ == "__main__":
    main()
