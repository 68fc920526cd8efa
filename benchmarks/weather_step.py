"""A gradient step of the mesh network at 5.625°, mesh 3, 13 levels, 16 rounds, beside the concatenation trick.

Both sides in turn, each in a fresh process with one thread, in single precision and under autocast to bfloat16: CPU
seconds of a step (the fastest of several rounds' medians: others use the machine's cores too) and the growth of the
process at its peak from before the network is made, weights and gradients included. Freed memory is kept, as in a
training.

The peer is NVIDIA PhysicsNeMo's GraphCastNet with its concatenation trick, the fastest form known. It asks for
torch_scatter, which has no wheel here, and for a compiler; so its layers stand in `_sum_trick.py`, in plain torch.
Beside both, the bound: as many matrix products as a step has, alone, on operands in cache. `--quick` takes one
round; `--large` also steps once at 1° with latent 512, ours alone.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _result import write_result

_STEPS, _ROUNDS = 5, 3
_SIDES = ("ours", "trick", "products")
_PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--child", nargs=3, metavar=("SIDE", "PRECISION", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_measured(*options.child)))
        return
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(1 if options.quick else _ROUNDS):
        for precision in _PRECISIONS:
            for side in _SIDES:
                found.setdefault((side, precision), []).append(_child(side, precision, "small"))
    best = {
        key: {"cpu_s": min(each["cpu_s"] for each in runs), "mb": min(each["mb"] for each in runs)}
        for key, runs in found.items()
    }
    rows = []
    for precision in _PRECISIONS:
        ours, trick, products = (best[side, precision] for side in _SIDES)
        for what, unit in (("cpu_s", "CPU s"), ("mb", "MB")):
            name = f"the concatenation trick, {precision}"
            said = "gradient step" if unit == "CPU s" else "growth of memory"
            rows.append(_row(f"{said}, latent 256, {precision}", ours[what], trick[what], name, unit))
        rows.append(_row(f"its products alone, {precision}", products["cpu_s"], None, None, "CPU s"))
    if options.large:
        large = _child("ours", "bfloat16", "large")
        rows.append(
            _row("gradient step at 1°, mesh 5, latent 512, bfloat16", large["cpu_s"], None, None, "CPU s")
        )
        rows.append(
            _row("growth of memory at 1°, mesh 5, latent 512, bfloat16", large["mb"], None, None, "MB")
        )
    notes = (
        "5.625° (2,048 points), mesh 3, 83 channels, 16 rounds, one sample, one thread. The peer's layers are "
        "those of PhysicsNeMo's GraphCastNet in plain torch: the package's torch_scatter could not be "
        "installed. ratio: ours over the peer's."
    )
    write_result("weather_step", rows, notes, options.quick)


def _row(what: str, ours: float, peer: float | None, name: str | None, unit: str) -> dict[str, Any]:
    ratio = ours / peer if peer else None
    return {"what": what, "ours": ours, "peer": peer, "peer_name": name, "unit": unit, "ratio": ratio}


def _child(side: str, precision: str, size: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", side, precision, size]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measured(side: str, precision: str, size: str) -> dict[str, float]:
    import torch

    from terrella.engine.memory import keep_freed_memory

    keep_freed_memory()
    torch.set_num_threads(1)
    if side == "products":
        return _products(getattr(torch, precision), size)
    make = {"ours": _ours, "trick": _trick}[side]
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    network, loss = make(size)
    times = []
    for _ in range(2 if size == "large" else _STEPS):
        network.zero_grad()
        began = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            value = loss()
        value.backward()
        times.append(time.process_time() - began)
    return {"cpu_s": statistics.median(times[1:]), "mb": (_status("VmHWM") - before) / 1e6}


def _products(dtype: Any, size: str) -> dict[str, float]:
    """Return the seconds of as many products as a step has, a third of each kind: forward, back, of weights."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    latent, rows = _grid(size)[3], 1024
    _, loss = _ours(size)  # a counter knows the operators of what is imported before it is made
    with FlopCounterMode(display=False) as counter:
        loss().backward()
    number = round(counter.get_total_flops() / (3 * 2 * rows * latent * latent))
    inputs, weight = torch.randn(rows, latent, dtype=dtype), torch.randn(latent, latent, dtype=dtype)
    outputs, gradient = torch.empty_like(inputs), torch.empty_like(weight)
    times = []
    for _ in range(_STEPS):
        began = time.process_time()
        for _ in range(number):
            torch.mm(inputs, weight.T, out=outputs)
            torch.mm(inputs, weight, out=outputs)
            torch.mm(inputs.T, outputs, out=gradient)
        times.append(time.process_time() - began)
    return {"cpu_s": statistics.median(times[1:]), "mb": 0.0}


def _grid(size: str) -> tuple[Any, Any, int, int]:
    """Return latitudes, longitudes, mesh and latent size."""
    import numpy as np

    if size == "large":
        return np.linspace(-90, 90, 181), np.arange(360.0), 5, 512
    return np.linspace(-87.1875, 87.1875, 32), np.arange(64) * 5.625, 3, 256


def _ours(size: str) -> tuple[Any, Any]:
    import numpy as np
    import torch

    from terrella.weather.learning.loss import WeatherLoss
    from terrella.weather.learning.settings import NetworkSettings
    from terrella.weather.model.network import weather_network

    lat, lon, mesh, latent = _grid(size)
    points = len(lat) * len(lon)
    settings = NetworkSettings(mesh=mesh, latent=latent, steps=16)
    network = weather_network(lat, lon, 83, 5, np.zeros((points, 2)), settings)
    batch = {
        "past": torch.randn(1, 2, points, 83),
        "forcings": torch.randn(1, 3, points, 5),
        "future": torch.randn(1, 1, points, 83),
    }
    loss = WeatherLoss(torch.ones(points), torch.ones(83) / 83, torch.ones(83))
    return network, lambda: loss(network, batch)


def _trick(size: str) -> tuple[Any, Any]:
    import torch

    from _sum_trick import SumTrick
    from terrella.weather.mesh.graph import graph_of

    lat, lon, mesh, latent = _grid(size)
    inputs, future = torch.randn(len(lat) * len(lon), 186), torch.randn(len(lat) * len(lon), 83)
    network = SumTrick(graph_of(lat, lon, mesh), 186, 83, latent, 16)
    return network, lambda: (network(inputs).float() - future).square().mean()


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
