"""Which component of the motion a row holds, in flatfiles with a row for each."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.motion.flatfile.columns import find_column, squeezed

NAMES = ("component", "imc", "intensitymeasurecomponent")
# Medians, the best first: of Boore (2010), of Boore et al. (2006), the geometric mean as recorded.
MEDIANS = (
    "rotd50",
    "rotdpercentile500",
    "gmrotd50",
    "gmroti50",
    "geom",
    "geometric",
    "geometricmean",
    "geomean",
)


def _told_vertical(table: pd.DataFrame) -> list[str]:
    """Return a finding where a flatfile is NGA-West2's of vertical motions, named as others are."""
    plain = {squeezed(str(name)): str(name) for name in table.columns}
    usable = [each for each in plain if each.startswith("lowestusablefreq")]
    if not usable or any(not each.startswith("lowestusablefreqv") for each in usable):
        return []
    return [f"motions are vertical by {plain[usable[0]]!r}, and are compared with medians of RotD50"]


def rows_of_median(table: pd.DataFrame, file: str) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Return which rows hold the median component, all where the file names no component, and what was found.

    Raises:
        InputError: where a file has rows of several components and none is RotD50 or a geometric mean.
    """
    everything = np.ones(len(table), bool)
    column = find_column(table.columns, NAMES)
    if column is None:
        return everything, _told_vertical(table)
    words = table[column].astype("string").fillna("").map(squeezed)
    held = sorted(set(words))
    taken = next((each for each in MEDIANS if each in held), None)
    if taken is None and len(held) > 1:
        said = ", ".join(table[column].astype("string").fillna("").unique()[:4])
        raise InputError(
            f"{file}: {column} says that rows are of several components ({said}) and none is RotD50 or a geometric "
            "mean; keep the rows of one component, or add its median"
        )
    if taken is None:
        said = table[column].iloc[0]
        return everything, [f"all rows are of the component {said}, and are compared with medians of RotD50"]
    rows = (words == taken).to_numpy(bool)
    if rows.all():
        return everything, []
    return rows, [
        f"{rows.sum():,} of {len(rows):,} rows are of the component {taken}; the others are left out"
    ]
