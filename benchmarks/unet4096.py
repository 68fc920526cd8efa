"""A training step of the 7-level U-Net on one section of 4096×4096: memory, time and the error of its gradients.

Each variant runs in a process of its own: forward, binary cross-entropy, backward and AdamW, after such a step on a
small section; counted are the peak of the resident memory, less that before data and network existed, and time. The
error is that of the weights' gradients against the same network in float64, strip by strip: for each parameter the
norm of the difference over the norm; given are the worst parameter and, among the weights of the convolutions, the
worst. `peer` is the fastest plain variant of the same precision.

    python benchmarks/unet4096.py            # half an hour on two cores, 9 GiB
    python benchmarks/unet4096.py --quick    # 1024×1024, under a minute
    python benchmarks/unet4096.py --device cuda
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from _result import write_result
from terrella.nets.strips import Strips, strip_loss
from terrella.nets.unet import UNet

_MMAP_THRESHOLD = -3  # of glibc's malloc.h
# Whole tensors are given back once freed; what a strip needs, smaller, is kept for the next strip.
_MAPPED_KIB = 16384


@dataclass(frozen=True)
class Variant:
    """One way to make the step."""

    precision: str = "float32"
    channels_last: bool = False
    checkpointed: str = ""  # "1" for each level that is
    strip_levels: int = 0
    strip_rows: int = 0
    mapped_kib: int = 0  # arrays above this are given back to the system once freed; 0 for glibc's own choice

    @property
    def name(self) -> str:
        """What the table calls it."""
        parts = [self.precision]
        if self.channels_last:
            parts.append("channels-last")
        if self.strip_levels:
            parts.append(f"{self.strip_levels} levels in strips of {self.strip_rows} rows")
        if self.checkpointed:
            levels = [str(level) for level, c in enumerate(self.checkpointed) if c == "1"]
            parts.append(f"checkpointed {'all' if len(levels) == 7 else 'levels ' + ', '.join(levels)}")
        if self.mapped_kib:
            parts.append(f"arrays over {self.mapped_kib} KiB mapped")
        return ", ".join(parts)

    @property
    def plain(self) -> bool:
        """Whether it is neither checkpointed nor in strips."""
        return not (self.strip_levels or self.checkpointed)


_REFERENCE = Variant("float64", strip_levels=3, strip_rows=64, checkpointed="0001111")


def _variants(quick: bool) -> list[Variant]:
    found = [] if quick else [Variant()]
    for precision in ("float32", "bfloat16"):
        plain = Variant(precision, True)
        in_strips = replace(plain, strip_levels=3, strip_rows=128, mapped_kib=_MAPPED_KIB)
        mixed = replace(in_strips, strip_levels=2, strip_rows=64, checkpointed="0011000")
        found += [plain, mixed] if quick else [plain, replace(plain, checkpointed="1" * 7), in_strips, mixed]
    return found


def main() -> None:
    """Measure all variants, or the one that the parent process asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, help="keep what is measured there; what is there is not repeated"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(_child(**json.loads(arguments.child))))
    elif arguments.device == "cuda":
        _largest_on_cuda(arguments.quick)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            folder = arguments.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            _on_cpu(1024 if arguments.quick else 4096, arguments.threads, folder, arguments.quick)


def _on_cpu(size: int, threads: int, folder: Path, quick: bool) -> None:
    measured: dict[Variant, dict[str, Any]] = {}
    for variant in (*_variants(quick), _REFERENCE):
        measured[variant] = _measured(variant, size, threads, folder)
        print(variant.name, measured[variant], flush=True)
    del measured[_REFERENCE]
    exact = _gradients(_REFERENCE, size, folder)
    measured = {v: found | _errors(_gradients(v, size, folder), exact) for v, found in measured.items()}
    rows = []
    for variant, found in measured.items():
        plain = [(v, f) for v, f in measured.items() if v.plain and v.precision == variant.precision]
        peer, fastest = min(plain, key=lambda pair: pair[1]["cpu_s"])
        for key, unit in (("peak_gib", "GiB"), ("cpu_s", "s CPU"), ("wall_s", "s")):
            rows.append(_row(variant.name, found[key], fastest[key], peer.name, unit))
        rows.append(
            _row(f"{variant.name}: gradient of the worst weight", found["weight"], None, "float64", "error")
        )
        rows.append(_row(f"{variant.name}: of any parameter", found["any"], None, found["which"], "error"))
    notes = (
        f"{size}×{size}, 7 levels, widths 8 to 512, one section a step, {threads} thread(s); load of the machine "
        f"{os.getloadavg()[0]:.1f} at the end: wall times tell little where it exceeds the free cores."
    )
    write_result("unet4096", rows, notes, quick)


def _row(what: str, ours: float, peer: float | None, name: str, unit: str) -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": name,
        "unit": unit,
        "ratio": ours / peer if peer else None,
    }


def _measured(variant: Variant, size: int, threads: int, folder: Path) -> dict[str, Any]:
    """Return what a process of its own measured, now or before."""
    gradients = _gradients(variant, size, folder)
    kept = gradients.with_suffix(".json")
    if not kept.exists():
        child = {"variant": asdict(variant), "size": size, "threads": threads, "path": str(gradients)}
        command = [sys.executable, __file__, "--child", json.dumps(child)]
        # Threads that wait for each other must not be counted as work.
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        kept.write_text(done.stdout)
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def _gradients(variant: Variant, size: int, folder: Path) -> Path:
    return folder / f"{variant.name} {size}.npz".replace(" ", "_")


def _child(variant: dict[str, Any], size: int, threads: int, path: str) -> dict[str, float]:
    """Make a step and write its gradients; one on a small section before it makes the optimiser's state."""
    chosen = Variant(**variant)
    torch.set_num_threads(threads)
    if chosen.mapped_kib:
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, chosen.mapped_kib << 10)
    before = _peak_kib()
    step = _Step(chosen, size, "cpu")
    step.gradients(*_section(256))
    step.optimiser.param_groups[0]["lr"] = 0.0
    step.optimiser.step()
    step.optimiser.param_groups[0]["lr"] = 1e-4
    wall, cpu = time.perf_counter(), time.process_time()
    step.gradients(step.inputs, step.labels)
    step.optimiser.step()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = _peak_kib() - before
    np.savez(
        path, **{n: p.grad.double().numpy() for n, p in step.network.named_parameters() if p.grad is not None}
    )
    return {"peak_gib": peak / 2**20, "wall_s": wall, "cpu_s": cpu}


class _Step:
    """Network, optimiser and a section with its labels."""

    def __init__(self, variant: Variant, size: int, device: str) -> None:
        torch.manual_seed(0)
        self.variant, self.device = variant, device
        exact = torch.float64 if variant.precision == "float64" else torch.float32
        self.network = UNet(checkpointed=[c == "1" for c in variant.checkpointed]).to(device, exact)
        if variant.channels_last:
            self.network.to(memory_format=torch.channels_last)
        self.inputs, self.labels = (tensor.to(device, exact) for tensor in _section(size))
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-4)

    def gradients(self, inputs: Tensor, labels: Tensor) -> None:
        """Leave the gradients of the mean loss of a pixel."""
        self.optimiser.zero_grad()
        variant, pixels = self.variant, labels.numel()
        exact = self.inputs.dtype
        inputs, labels = inputs.to(exact), labels.to(exact)

        def mean(logits: Tensor, labels: Tensor) -> Tensor:
            return F.binary_cross_entropy_with_logits(logits, labels, reduction="sum") / pixels

        with torch.autocast(self.device, torch.bfloat16, enabled=variant.precision == "bfloat16"):
            if variant.strip_levels:
                strips = Strips(variant.strip_levels, variant.strip_rows)
                loss = strip_loss(self.network, strips, inputs, mean, labels)
            else:
                loss = mean(self.network(inputs), labels)
        loss.backward()


def _section(size: int) -> tuple[Tensor, Tensor]:
    """Return noise with 40 hyperbolic arrivals, and where they are."""
    generator = torch.Generator().manual_seed(1)
    section, labels = torch.randn(1, 1, size, size, generator=generator), torch.zeros(1, 1, size, size)
    traces, samples = torch.arange(size)[:, None], torch.arange(24)
    for apex_trace, apex, width in torch.rand(40, 3, generator=generator):
        offset = (traces - apex_trace * size) / (0.2 + width)
        onset = ((apex * size) ** 2 + offset**2).sqrt().long()
        inside = onset < size - 24
        where = (torch.where(inside, onset, 0) + samples)[inside[:, 0]]
        rows = traces[inside[:, 0]].expand_as(where)
        section[0, 0, rows, where] += 3 * torch.sin(samples / 24 * 6.283)
        labels[0, 0, rows, where] = 1
    return section, labels


def _errors(path: Path, exact: Path) -> dict[str, Any]:
    with np.load(path) as ours, np.load(exact) as theirs:
        found = {
            name: float(np.linalg.norm(ours[name] - theirs[name]) / np.linalg.norm(theirs[name]))
            for name in theirs
        }
    which = max(found, key=found.__getitem__)
    return {
        "weight": max(e for n, e in found.items() if n.endswith("weight")),
        "any": found[which],
        "which": which,
    }


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _largest_on_cuda(quick: bool) -> None:
    """Double and halve the size to the largest section that trains in 16 GB and in all of the device's memory."""
    total = torch.cuda.get_device_properties(0).total_memory
    rows = []
    for limit in (16 * 10**9, total):
        torch.cuda.set_per_process_memory_fraction(min(1.0, limit / total))
        best = {}
        for precision in ("float32", "bfloat16"):
            for strips in (0, 3):
                variant = Variant(precision, True, "0001100" if strips else "", strips, 64 if strips else 0)
                best[variant] = _largest(variant, 2048 if quick else 65536)
        for variant, size in best.items():
            plain = best[Variant(variant.precision, True)]
            what = f"{variant.name}: largest side in {limit / 1e9:.0f} GB"
            rows.append(_row(what, size, plain, "plain", "pixels"))
    write_result("unet4096_cuda", rows, "AdamW, one section a step", quick)


def _largest(variant: Variant, most: int) -> int:
    low, high = 0, most // 512 + 1  # in steps of 512
    while high - low > 1:
        middle = (low + high) // 2
        try:
            step = _Step(variant, 512 * middle, "cuda")
            step.gradients(step.inputs, step.labels)
            step.optimiser.step()
            torch.cuda.synchronize()
            low = middle
        except torch.cuda.OutOfMemoryError:
            high = middle
        step = None
        torch.cuda.empty_cache()
    return 512 * low


if __name__ == "__main__":
    main()
