"""Curves and classes in a cell, the table that judging writes, as figures draw them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Cell = Mapping[str, Any]

_FEW = 5  # targets of a class: fewer say nothing
# Of which question a class's field is, and how many targets it rests on.
_COUNTS = {"detection_recall": "n", "p_mae_s": "p_n", "s_mae_s": "s_n"}


@dataclass(frozen=True, eq=False)
class Classes:
    """A score in classes, such as of distance."""

    labels: tuple[str, ...]
    value: Floats
    count: Floats


def roc(cell: Cell) -> tuple[Floats, Floats] | None:
    """Return false and true positive rates of detection on the test split."""
    curve = cell.get("curves", {}).get("roc")
    return (_floats(curve["fpr"]), _floats(curve["tpr"])) if curve else None


def residuals(cell: Cell, phase: str) -> tuple[Floats, Floats, float, float] | None:
    """Return edges in s, counts, and location and scale of the Laplace distribution of a phase's residuals."""
    found = cell.get("curves", {}).get(f"residual_{phase}")
    if not found:
        return None
    location, scale = _floats([found["laplace"]["location_s"], found["laplace"]["scale_s"]])
    return _floats(found["edges_s"]), _floats(found["counts"]), float(location), float(scale)


def dependence(cell: Cell, field: str, by: str) -> Classes | None:
    """Return a field of the breakdown in classes of `snr_db` or `distance_km`, NaN where a class has too few."""
    found = [each for each in cell.get("breakdown", []) if each["by"] == by]
    value = _floats([each.get(field) for each in found])
    count = _floats([each.get(_COUNTS[field]) for each in found])
    value = np.where(count >= _FEW, value, np.nan)
    if not np.isfinite(value).any():
        return None
    return Classes(tuple(_class_label(each["low"], each["high"]) for each in found), value, count)


def _class_label(low: float | None, high: float | None) -> str:
    if low is None or not np.isfinite(low):
        return f"<{high:g}"
    if high is None or not np.isfinite(high):
        return f"≥{low:g}"
    return f"{low:g}–{high:g}"


def _floats(values: Any) -> Floats:
    return np.array([np.nan if value is None else value for value in values], float)
