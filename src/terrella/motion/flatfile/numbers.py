"""Numbers in columns of text: and what stands there for nothing."""

from typing import Any

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.motion.flatfile.table import Floats

_STAND_INS = (
    -999.0,
    -99.0,
    -9.0,
    999.0,
    9999.0,
    -9999.0,
    -99999.0,
    -999999.0,
    -888.0,
    -999.9,
    -999.99,
    -9999.9,
)
_EMPTY = (
    "", "na", "nan", "none", "null", "-", "--", "---", "n/a", "n.a.", "inf", "-inf", "?", ".", "*", "nd", "unknown",
    "missing", "<na>", "#n/a", "#n/d", "#value!", "#div/0!", "#ref!", "#num!", "#name?",
)  # fmt: skip
_REPEATED = 3  # times that a negative motion stands in a column from which it stands for nothing


def number(
    column: "pd.Series[Any]", name: str, file: str, limits: tuple[float, float] | None = None
) -> Floats:
    """Return a column as numbers, NaN where it is empty or holds what stands for nothing, such as −999.

    Within `limits` no number does: −99 is a longitude. The column's index is each row's line.

    Raises:
        InputError: where it holds a word.
    """
    if column.dtype.kind in "biuf":
        values = column.to_numpy(float)
    else:
        text = column.astype("string").str.strip()
        empty = text.isna() | text.str.lower().isin(_EMPTY)
        values = pd.to_numeric(text.mask(empty), errors="coerce").to_numpy(float, na_value=np.nan)
        wrong = np.isnan(values) & ~empty.to_numpy(bool)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{file}: {name} is {text.iloc[at]!r} in line {column.index[at]}, expected a number"
            )
    nothing = np.isin(values, _STAND_INS)
    if limits is not None:
        nothing &= (values < limits[0]) | (values > limits[1])
    return np.asarray(np.where(nothing | ~np.isfinite(values), np.nan, values))


def without_repeated_negatives(motion: Floats, name: str) -> tuple[Floats, list[str]]:
    """Return motions without a negative number that stands there again and again, such as −1, and findings."""
    values, counts = np.unique(motion[motion < 0], return_counts=True)
    repeated = values[counts >= _REPEATED]
    if not len(repeated):
        return motion, []
    gone = np.isin(motion, repeated)
    shown = ", ".join(f"{each:g}" for each in repeated[:3])
    return np.where(gone, np.nan, motion), [f"{gone.sum():,} rows of {name} are {shown}, taken as no motion"]
