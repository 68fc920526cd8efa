"""`terrella doctor`: what this machine offers."""

import importlib.metadata
import os
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from terrella import __version__
from terrella.engine.terminal import console

_GIB = 2**30


def doctor() -> None:
    """Show the machine, its devices and free memory, and the versions of what Terrella stands on.

    Example: terrella doctor
    """
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, found in [*_machine(), *_torch(), *_packages()]:
        table.add_row(name, found)
    console().print(table)


def _machine() -> Iterator[tuple[str, str]]:
    import psutil

    memory = psutil.virtual_memory()
    disk = shutil.disk_usage(Path.cwd())
    yield "Terrella", __version__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    yield "processor", f"{_processor()}, {_usable_cores()} cores usable"
    yield "memory", f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free"
    yield "disk here", f"{disk.free / _GIB:.0f} of {disk.total / _GIB:.0f} GiB free"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _usable_cores() -> int:
    # Not on macOS, where a process may use them all.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _torch() -> Iterator[tuple[str, str]]:
    """Return torch's threads and devices, or why torch cannot be loaded: a doctor must survive that."""
    try:
        import torch
    except (ImportError, OSError) as error:
        yield "GPU", f"unknown: torch cannot be loaded ({error})"
        return
    variables = ", ".join(
        f"{name} {os.environ.get(name, 'not set')}" for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    )
    yield "threads", f"torch {torch.get_num_threads()}; {variables}"
    yield from _devices(torch)


def _devices(torch: Any) -> Iterator[tuple[str, str]]:
    if not torch.cuda.is_available():
        build = f"built with CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        yield "GPU", f"none usable (torch is {build}); trainings run on the processor"
        return
    for index in range(torch.cuda.device_count()):
        name = torch.cuda.get_device_name(index)
        try:
            free, total = torch.cuda.mem_get_info(index)
        except RuntimeError as error:
            yield f"GPU {index}", f"{name}, not usable now: {str(error).splitlines()[0]}"
            continue
        yield f"GPU {index}", f"{name}, {free / _GIB:.1f} of {total / _GIB:.1f} GiB free"


def _packages() -> Iterator[tuple[str, str]]:
    """Return each package that Terrella requires with its version, and what is wrong with it."""
    for requirement in importlib.metadata.requires("terrella") or []:
        if "extra ==" in requirement:
            continue
        # Such as "torch>=2.6" or "dask[distributed]>=2024.8".
        asked, _, least = requirement.partition(">=")
        name = asked.partition("[")[0]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, "NOT INSTALLED; install Terrella again"
            continue
        old = _release(version) < _release(least)
        yield name, f"{version}, TOO OLD: {least} or newer is needed" if old else version


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])
