"""One process beside two on the same global batch, each with one thread; and the planner's model of many devices.

The measured part trains a U-Net by `terrella.engine.fit`, which splits every batch over the processes and averages
gradients (gloo). Both sides run in turns, several times, and the median of each counts; the share of the cores
that they had is given beside, for other work on the machine slows two processes more than one. The modelled part
is what `terrella.engine.plan.time.communication` says of 4, 32 and 256 devices: a model, not a measurement.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from _result import write_result
from terrella.engine.feed import Batch, Feed, Held
from terrella.engine.fit import Stage, Training, joined_processes, train
from terrella.engine.plan.devices import find_device
from terrella.engine.plan.step import Step
from terrella.engine.plan.time.communication import Link, exchange
from terrella.engine.plan.time.duration import work_seconds
from terrella.engine.plan.time.operators import step_work
from terrella.engine.run import Run
from terrella.nets.unet import UNet

WIDTHS = (8, 16, 32, 64)
SIDE, BATCH, STEPS, WARM = 256, 8, 14, 3
DEVICES = (4, 32, 256)
ETHERNET_10G = Link(1.1e9, 50e-6)
INFINIBAND_HDR = Link(24e9, 3e-6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--worker", nargs=2, metavar=("FOLDER", "OUTPUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        work(Path(asked.worker[0]), Path(asked.worker[1]))
        return
    one, two = measure(1 if asked.quick else 5)
    rows = [
        row("steps per second, global batch of 8, one thread each", two["rate"], one["rate"], "1/s"),
        row("share of a core that each process had", two["core_share"], one["core_share"], ""),
        row("CPU seconds per step, all processes", two["cpu_per_step"], one["cpu_per_step"], "s"),
        *modelled(),
    ]
    notes = (
        f"U-Net of {sum(p.numel() for p in network().parameters()):,} parameters, {BATCH} × {SIDE} × {SIDE}. Ours "
        "is two processes, peer is one; a ratio of 2 would be perfect. Rows of 4, 32 and 256 devices are the "
        "planner's model: efficiency of data-parallel training of the 7-level U-Net (7.8 million parameters) on "
        "16 sections of 512 × 512 per device, DDP and FSDP2."
    )
    write_result("scaling", rows, notes, asked.quick)


def row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    ratio = ours / peer if peer else None
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": "one process" if peer else None,
        "unit": unit,
        "ratio": ratio,
    }


def network() -> nn.Module:
    torch.manual_seed(0)
    return UNet(widths=WIDTHS)


def loss(network: nn.Module, batch: Batch) -> torch.Tensor:
    return binary_cross_entropy_with_logits(network(batch["x"]), batch["y"])


def measure(repetitions: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the repetition of the median rate of one process, and that of two."""
    every: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(repetitions):
        for world in (1, 2):
            found = launch(world)
            every[world].append(found)
            print(f"{world} process{'es' if world > 1 else ''}: {found['rate']:.3f} steps/s", file=sys.stderr)
    one, two = (sorted(each, key=lambda found: found["rate"])[len(each) // 2] for each in every.values())
    return one, two


def launch(world: int) -> dict[str, float]:
    """Train in `world` processes and return what the slowest one measured."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        processes = []
        for rank in range(world):
            place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world)}
            place |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
            command = [sys.executable, __file__, "--worker", folder, f"{folder}/found-{rank}.json"]
            processes.append(subprocess.Popen(command, env=os.environ | place))
        if any(process.wait() for process in processes):
            raise SystemExit("a process of the benchmark failed")
        found = [json.loads(Path(folder, f"found-{rank}.json").read_text()) for rank in range(world)]
    return {
        "rate": min(each["steps"] / each["wall"] for each in found),
        "core_share": min(each["cpu"] / each["wall"] for each in found),
        "cpu_per_step": sum(each["cpu"] / each["steps"] for each in found),
    }


def work(folder: Path, output: Path) -> None:
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(BATCH * STEPS, 1, SIDE, SIDE, generator=draw)
    seen: list[tuple[float, float]] = []
    with joined_processes():
        training = Training(
            network=network(),
            # Every process notes the time here; what shows events does so in the first one alone.
            loss=lambda net, batch: (
                seen.append((time.perf_counter(), time.process_time())),
                loss(net, batch),
            )[1],
            feed=Feed(Held({"x": x, "y": (x > 1).float()}, torch.device("cpu")), BATCH),
            stages=(Stage("measured", 1, 1e-3),),
            validate=None,
            fingerprint="scaling",
            checkpoint_seconds=1e9,
        )
        train(training, Run(folder))
    (wall, cpu), (end, cpu_end) = seen[WARM], seen[-1]
    steps = len(seen) - 1 - WARM
    output.write_text(json.dumps({"steps": steps, "wall": end - wall, "cpu": cpu_end - cpu}))


def modelled() -> list[dict[str, Any]]:
    """Return the planner's efficiency for many devices."""
    rows = []
    step = Step(
        make_network=lambda: UNet(widths=(8, 16, 32, 64, 128, 256, 512)),
        make_batch=lambda n: {"x": torch.empty(n, 1, 512, 512), "y": torch.empty(n, 1, 512, 512)},
        loss=loss,
        batch=16,
    )
    work = step_work(step, foreach=True)
    for name, link, words in (
        ("a100-40", INFINIBAND_HDR, "InfiniBand HDR"),
        ("rtx-4090", ETHERNET_10G, "10 Gbit Ethernet"),
    ):
        device = find_device(name)
        step_s = work_seconds(work, device).seconds
        for count in DEVICES:
            for scheme in ("replicated", "sharded"):
                found = exchange(work, step_s, count, link, scheme=scheme)
                what = f"modelled efficiency, {count} × {device.title}, {words}, weights {scheme}"
                rows.append(row(what, found.efficiency, None, ""))
    return rows


if __name__ == "__main__":
    main()
