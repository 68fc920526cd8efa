"""`terrella doctor`: what this machine offers."""

import importlib.metadata
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.table import Table

import terrella
from terrella.cli.tasks import TASKS
from terrella.engine.terminal import console, say
from terrella.errors import TerrellaError

_GIB = 2**30
_LITTLE = 2  # GiB
_OURS = ("dev", "docs")  # extras of those who work on Terrella


def doctor(*, gradients: bool = False) -> None:
    """Show the machine, its devices and free memory, what is installed, and which trained models are at hand.

    Example: terrella doctor

    Parameters
    ----------
    gradients
        Instead, compare the derivative of every operator that has one of its own with finite differences.
    """
    if gradients:
        _gradients()
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, found in [*_machine(), *_torch(), *_packages(), *_extras(), *_models()]:
        table.add_row(name, found)
    console().print(table)
    for line in _advice():
        say(f"advice: {line}")


def _gradients() -> None:
    from terrella.cli.gradient_checks import OPERATORS, is_right

    wrong = []
    for name, operator in OPERATORS.items():
        right = is_right(operator)
        wrong += [] if right else [name]
        say(
            f"{name}: {'its derivative is that of finite differences' if right else 'ITS DERIVATIVE IS WRONG'}"
        )
    if wrong:
        raise TerrellaError(
            f"derivatives are wrong here: {', '.join(wrong)}; trainings on this machine would be too"
        )


def _machine() -> Iterator[tuple[str, str]]:
    import psutil

    memory = psutil.virtual_memory()
    disk = shutil.disk_usage(Path.cwd())
    yield "Terrella", terrella.__version__
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
    for name, least, extra in _requirements():
        if extra:
            continue
        wrong = _wrong(name, least)
        yield name, f"{wrong}; install Terrella again" if wrong else importlib.metadata.version(name)


def _extras() -> Iterator[tuple[str, str]]:
    """Return the state of each extra: whole, or what it lacks and how to get it."""
    extras: dict[str, list[str]] = {}
    for name, least, extra in _requirements():
        if extra and extra not in _OURS:
            wrong = _wrong(name, least)
            extras.setdefault(extra, []).extend([f"{name}: {wrong.lower()}"] if wrong else [])
    for extra, wrong_ones in sorted(extras.items()):
        missing = f"{', '.join(wrong_ones)}; pip install 'terrella[{extra}]'"
        yield f"extra {extra}", missing if wrong_ones else "whole"


def _models() -> Iterator[tuple[str, str]]:
    """Return the bundles that come along, those of runs here, and the weights in SeisBench's cache."""
    released = Path(terrella.__file__).parent / "released"
    for task in TASKS:
        own = [f"{each.name} (released)" for each in sorted((released / task).glob("*"))]
        own += [
            f"runs/{task}/{each.name}"
            for each in sorted(Path("runs", task).glob("*"))
            if (each / "model").is_dir()
        ]
        yield f"{task} bundles", ", ".join(own) or f"none yet: terrella {task} demo makes one"
    cache = Path(os.environ.get("SEISBENCH_CACHE_ROOT", Path.home() / ".seisbench")) / "models" / "v3"
    weights = [f"{each.parent.name}/{each.name.split('.pt')[0]}" for each in sorted(cache.glob("*/*.pt*"))]
    yield "cached weights", ", ".join(weights) or "none: --bundle seisbench:phasenet/stead fetches some"


def _advice() -> Iterator[str]:
    """Return what would make trainings here faster or possible."""
    import psutil

    if psutil.virtual_memory().available < _LITTLE * _GIB:
        yield f"less than {_LITTLE} GiB of memory is free; close other programs, or plan with --memory"
    if shutil.disk_usage(Path.cwd()).free < _LITTLE * _GIB:
        yield f"less than {_LITTLE} GiB of disk is free here; runs keep checkpoints and data sets are large"
    with suppress(ImportError, OSError):
        import torch

        if shutil.which("nvidia-smi") and not torch.cuda.is_available():
            yield "nvidia-smi is here, but torch cannot use a GPU: install torch's build for your CUDA version"


def _requirements() -> Iterator[tuple[str, str, str]]:
    """Return the name, the oldest version and the extra, if any, of all that Terrella names."""
    for requirement in importlib.metadata.requires("terrella") or []:
        # Such as "torch>=2.6", "dask[distributed]>=2024.8" or 'segyio>=1.9; extra == "segment"'.
        asked, _, condition = requirement.partition(";")
        name, _, least = asked.strip().partition(">=")
        extra = re.search(r"extra == ['\"](.+?)['\"]", condition)
        yield name.partition("[")[0], least, extra.group(1) if extra else ""


def _wrong(name: str, least: str) -> str:
    """Return what is wrong with an installed package; nothing where it is as it should be."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "NOT INSTALLED"
    old = _release(version) < _release(least)
    return f"{version}, TOO OLD: {least} or newer is needed" if old else ""


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])
