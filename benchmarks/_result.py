"""What every benchmark leaves: results/NAME.json and the same as a table on the terminal."""

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from terrella.real_data import data_folder

RESULTS = Path(__file__).parent / "results"
DATA_FOLDER = data_folder(Path(__file__).parents[2] / "shared" / "data")
_PACKAGES = ("terrella", "numpy", "scipy", "pandas", "pyarrow", "numba", "torch", "obspy")
_COLUMNS = ("what", "ours", "peer", "peer_name", "unit", "ratio")


def write_result(name: str, rows: Sequence[dict[str, Any]], notes: str, quick: bool) -> Path:
    """Write results/NAME.json (machine, versions, commit, date, rows, notes), print it and return its path.

    Each row has the keys what, ours, peer, peer_name, unit and ratio; `peer` and `ratio` may be None.
    """
    for row in rows:
        if set(row) != set(_COLUMNS):
            raise ValueError(f"a row has the keys {_COLUMNS}; got {tuple(row)}")
    result = {
        "machine": _machine(),
        "versions": _versions(),
        "commit": _commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "quick": quick,
        "rows": list(rows),
        "notes": notes,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
    _print(name, rows, notes, quick)
    return path


def _print(name: str, rows: Sequence[dict[str, Any]], notes: str, quick: bool) -> None:
    table = Table(title=f"{name}{' (quick)' if quick else ''}", caption=notes, caption_justify="left")
    for column in _COLUMNS:
        table.add_column(
            column.replace("_", " "), justify="left" if column in ("what", "peer_name") else "right"
        )
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in _COLUMNS))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "gpu": _gpu(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _gpu() -> str | None:
    try:
        found = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip().splitlines()[0] if found.returncode == 0 and found.stdout.strip() else None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    """Return the commit's short name, with "+" where the working tree differs from it."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "--short", "HEAD")
    return f"{commit}+" if commit and git("status", "--porcelain", "--", "../src") else commit
