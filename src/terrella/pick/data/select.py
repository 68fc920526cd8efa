"""Parts of a store, without a copy of its samples."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.pick.store import Store


def select(store: Store, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Store:
    """Return the store of some traces, by a mask or by their numbers; it shares the samples of the whole."""
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows
    parts = ("offset", "length", "recorded", "picks", "split", "noise")
    return replace(
        store,
        **{name: getattr(store, name)[rows] for name in parts},
        table=store.table.iloc[rows].reset_index(drop=True),
    )


def of_split(store: Store, split: str) -> Store:
    """Return the traces of one split.

    Raises:
        InputError: where there is none.
    """
    chosen = store.split == split
    if not chosen.any():
        raise InputError(f"{store.name}: no trace in the split {split}")
    return select(store, chosen)
