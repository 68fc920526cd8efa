"""What this machine does per second: matrix products, convolutions, copies, disk reads, calls of operators.

Measured once, in ten seconds at most, and kept under the user's cache folder.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
import torch
from torch.nn.functional import conv2d

from terrella.engine.settings import fingerprint
from terrella.errors import TerrellaError
from terrella.files import write_json

_VERSION = 4  # of what is measured; another one is measured anew
_SIZE = 1024  # of the matrices
_COPIED = 1 << 27  # bytes
_PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}


@dataclass(frozen=True)
class Calibration:
    """Rates of this machine at one number of threads; per second, and bytes."""

    version: int
    processor: str
    threads: int
    product_flops: dict[str, float]  # by precision
    convolution_flops: dict[str, float]
    copy_bandwidth: float  # bytes read and written
    call_s: float  # of an operator with nothing to compute
    gpu: str = ""
    gpu_flops: dict[str, float] = field(default_factory=dict)
    gpu_bandwidth: float = 0.0
    gpu_call_s: float = 0.0


def calibration(refresh: bool = False) -> Calibration:
    """Return what this machine does with torch's present number of threads, measured once and then remembered.

    Kept as JSON in the cache folder under a name made of processor, cores, threads and torch's version; `refresh`
    measures again. A file that cannot be read is replaced; a folder that cannot be written is done without.
    """
    path = _path()
    if not refresh and (kept := _read(path)) is not None:
        return kept
    measured = _measure()
    with suppress(TerrellaError):  # no cache here: measured again next time
        write_json(path, asdict(measured))
    return measured


def cache_folder() -> Path:
    """Return where measurements of this machine are kept: terrella in XDG_CACHE_HOME or ~/.cache."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(root) if root else Path.home() / ".cache") / "terrella"


def processor_name() -> str:
    """Return the processor's name, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def clock() -> float:
    """Return CPU seconds of this thread where torch has one, else the time of day in seconds.

    Other processes on the same cores disturb the latter alone.
    """
    return time.thread_time() if torch.get_num_threads() == 1 else time.perf_counter()


def _path() -> Path:
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
    cores = psutil.cpu_count(logical=False)
    threads = torch.get_num_threads()
    key = fingerprint([_VERSION, processor_name(), cores, threads, torch.__version__, gpu])
    return cache_folder() / f"calibration-{key}.json"


def _read(path: Path) -> Calibration | None:
    try:
        kept = Calibration(**json.loads(path.read_text(encoding="utf-8")))
        rates = [*kept.product_flops.values(), *kept.convolution_flops.values(), kept.copy_bandwidth]
        return kept if kept.version == _VERSION and rates and min(rates) > 0 and kept.call_s > 0 else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


@torch.no_grad()
def _measure() -> Calibration:
    return Calibration(
        version=_VERSION,
        processor=processor_name(),
        threads=torch.get_num_threads(),
        product_flops={name: _product(dtype, "cpu") for name, dtype in _PRECISIONS.items()},
        convolution_flops={name: _convolution(dtype) for name, dtype in _PRECISIONS.items()},
        copy_bandwidth=_copy("cpu"),
        call_s=_call("cpu"),
        **_gpu(),  # type: ignore[arg-type]
    )


def _gpu() -> dict[str, object]:
    if not torch.cuda.is_available():
        return {}
    rates = {name: _product(dtype, "cuda") for name, dtype in _PRECISIONS.items()}
    rates["float16"] = _product(torch.float16, "cuda")
    rates["tf32"] = _tf32()
    return {
        "gpu": torch.cuda.get_device_name(0),
        "gpu_flops": rates,
        "gpu_bandwidth": _copy("cuda"),
        "gpu_call_s": _call("cuda"),
    }


def _tf32() -> float:
    """Return floating-point operations per second of a product in TF32, as convolutions use it."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        return _product(torch.float32, "cuda")
    finally:
        torch.set_float32_matmul_precision(before)


def _product(dtype: torch.dtype, device: str) -> float:
    """Return floating-point operations per second of a square matrix product."""
    size = _SIZE if device == "cpu" else 4 * _SIZE
    left, right = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / _seconds(lambda: left @ right, device)


def _convolution(dtype: torch.dtype) -> float:
    """Return floating-point operations per second of a 3 × 3 convolution, 32 channels to 32."""
    images, kernel = torch.rand(2, 32, 128, 128).to(dtype), torch.rand(32, 32, 3, 3).to(dtype)
    return 2 * 2 * 128**2 * 32 * 32 * 9 / _seconds(lambda: conv2d(images, kernel, padding=1), "cpu")


def _copy(device: str) -> float:
    """Return bytes read and written per second by a copy that no cache holds."""
    source = torch.ones(_COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * _COPIED / _seconds(lambda: target.copy_(source), device)


def _call(device: str) -> float:
    """Return the seconds of a call from Python whose kernel has next to nothing to do."""
    one = torch.ones(1, device=device)

    def calls() -> None:
        for _ in range(1000):
            one.add_(1.0)

    return _seconds(calls, device) / 1000


def _seconds(work: Callable[[], object], device: str, repetitions: int = 5, longest_s: float = 0.4) -> float:
    """Return the median seconds of some work, after one try; fewer repetitions where it takes long."""
    work()
    times: list[float] = []
    while len(times) < repetitions and sum(times) < longest_s:
        if device != "cpu":
            torch.cuda.synchronize()
        began = clock()
        work()
        if device != "cpu":
            torch.cuda.synchronize()
        times.append(max(clock() - began, 1e-9))
    return statistics.median(times)
