"""What happened in each cell within the horizons after issue times."""

import numpy as np
import numpy.typing as npt

from terrella.forecast.features.sweep import Sources


def observed_counts(
    sources: Sources, issue_days: npt.ArrayLike, horizons_days: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """Return the events from each issue time on within each horizon, (n, horizon, layer, column)."""
    issue, horizons = np.asarray(issue_days, float), np.asarray(horizons_days, float)
    inside = np.flatnonzero(sources.column >= 0)
    days = sources.days[inside]
    cell = sources.layer[inside] * sources.n_columns + sources.column[inside]
    size = sources.layers * sources.n_columns
    first = np.searchsorted(days, issue)
    last = np.searchsorted(days, issue[:, None] + horizons)
    counts = np.zeros((len(issue), len(horizons), size), np.float32)
    for n in range(len(issue)):
        for h in range(len(horizons)):
            np.add.at(counts[n, h], cell[first[n] : last[n, h]], 1)
    return counts.reshape(len(issue), len(horizons), sources.layers, sources.n_columns)
