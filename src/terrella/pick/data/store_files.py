"""The files of a store: samples.npy is memory-mapped, the rest is read whole."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.files import replace_folder, write_json
from terrella.pick.store import Store

SAMPLES = "samples.npy"
_ARRAYS = ("offset", "length", "recorded", "picks", "split", "noise")


def holds_store(folder: Path) -> str:
    """Return the fingerprint of the store in a folder, blank where there is none."""
    try:
        return str(json.loads((folder / "store.json").read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def check_place(folder: Path) -> None:
    """Refuse to write a store over anything but a store.

    Raises:
        InputError: where something else lies there.
    """
    if folder.exists() and not (folder.is_dir() and (holds_store(folder) or not any(folder.iterdir()))):
        raise InputError(f"{folder} exists and holds no store; give another folder")


def load_store(folder: Path, in_ram: bool = False) -> Store:
    """Open a store that `make_store` or `save_store` has written; its samples are memory-mapped, or read into RAM.

    Raises:
        InputError: where the folder holds no whole store.
    """
    try:
        about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        with np.load(folder / "traces.npz", allow_pickle=False) as arrays:
            parts = {name: arrays[name] for name in _ARRAYS}
        samples = np.load(folder / SAMPLES, mmap_mode=None if in_ram else "r", allow_pickle=False)
        table = pd.read_parquet(folder / "table.parquet")
        end = int((parts["offset"] + 3 * parts["length"]).max(initial=0))
        if end > len(samples) or any(len(part) != len(table) for part in parts.values()):
            raise ValueError("its parts do not belong together")
        return Store(
            name=about["name"],
            samples=samples,
            rate_hz=float(about["rate_hz"]),
            phases=tuple(about["phases"]),
            table=table,
            **parts,
        )
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise InputError(
            f"{folder}: no store ({missing} is missing); make one with `terrella pick data`"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{folder}: damaged store ({reason}); delete it and make it again") from error


def save_store(store: Store, folder: Path) -> None:
    """Write a store that was made in RAM into a folder."""

    def write(temporary: Path) -> None:
        np.save(temporary / SAMPLES, store.samples)
        write_tables(store, temporary, "made in RAM", [])

    check_place(folder)
    replace_folder(folder, write)


def write_tables(store: Store, folder: Path, fingerprint: str, findings: list[str]) -> None:
    """Write all but the samples."""
    np.savez(folder / "traces.npz", **{name: getattr(store, name) for name in _ARRAYS})
    # Columns of numbers and texts mixed, as pandas guesses them from CSV, have no type in Parquet.
    mixed = {
        name: "str"
        for name, kind in store.table.dtypes.items()
        if isinstance(kind, np.dtype) and kind.hasobject
    }
    store.table.astype(mixed).to_parquet(folder / "table.parquet")
    about = {"name": store.name, "rate_hz": store.rate_hz, "phases": list(store.phases)}
    write_json(folder / "store.json", {**about, "fingerprint": fingerprint, "findings": findings})
