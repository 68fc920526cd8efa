"""What a form costs on this machine: CPU seconds, memory and bytes."""

import multiprocessing
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import nn

from terrella.engine.use.bundle import Bundle, load_bundle

Array = npt.NDArray[Any]
_LEAST_S = 0.3  # of CPU, so that the clock's steps do not count
_TIMES = 3  # of which the fastest counts: other work on the machine only adds


@dataclass(frozen=True)
class Cost:
    """What evaluating a network costs."""

    cpu_ms: float  # of one sample
    memory_mib: (
        float | None
    )  # at most, of a process that loads and evaluates it; None where it cannot be told
    size: int  # bytes of the bundle


def cost(load: Callable[[Bundle], nn.Module], folder: Path, task: str, inputs: Sequence[Array]) -> Cost:
    """Return what a bundle's network costs on some inputs, in a process of its own, which imports `load`."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        seconds, memory = pool.submit(_measured, load, folder, task, inputs).result()
    size = sum(each.stat().st_size for each in folder.iterdir() if each.is_file())
    return Cost(1e3 * seconds / len(inputs[0]), memory, size)


def processor() -> str:
    """Return the processor by name, with what it has for numbers of few bits."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    pairs = (line.partition(":") for line in text.splitlines())
    lines = {name.strip(): value.strip() for name, _, value in pairs}
    flags = lines.get("flags", "").split()
    known = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if name in flags]
    return (
        f"{lines.get('model name', platform.machine())} ({', '.join(known) or 'no vector extensions known'})"
    )


def _measured(
    load: Callable[[Bundle], nn.Module], folder: Path, task: str, inputs: Sequence[Array]
) -> tuple[float, float | None]:
    network = load(load_bundle(folder, task)).eval()
    given = [torch.from_numpy(each) for each in inputs]
    with torch.inference_mode():
        network(*given)
        fastest = min(_seconds(network, given) for _ in range(_TIMES))
    return fastest, _peak_mib()


def _seconds(network: nn.Module, inputs: Sequence[torch.Tensor]) -> float:
    times, began = 0, time.process_time()
    while (passed := time.process_time() - began) < _LEAST_S or not times:
        network(*inputs)
        times += 1
    return passed / times


def _peak_mib() -> float | None:
    """Return the most memory that this process has held; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("VmHWM:")), None)
    return None if found is None else int(found.split()[1]) / 1024
