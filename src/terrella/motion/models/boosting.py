"""Gradient boosting of trees, of ln motion itself or of the residual of a published model."""

from collections.abc import Callable

import numpy as np

from terrella.motion.flatfile.table import Flatfile, Floats

_SETTINGS = {
    "max_iter": 200,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 5.0,
}


def available() -> bool:
    """Return whether scikit-learn is installed."""
    try:
        import sklearn.ensemble  # noqa: F401
    except ImportError:
        return False
    return True


def fit_boosting(records: Flatfile, published: Floats | None) -> Callable[[Flatfile, Floats], Floats]:
    """Return a function of records and a published model's ln median, both of (record, …), giving ln motion.

    `published` (record, measure) is what trees are added to; without it they are all there is. They see what the
    network sees, years among it.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = []
    target = records.ln_motion if published is None else records.ln_motion - published
    for motion in target.T:
        known = np.isfinite(motion)
        trees.append(HistGradientBoostingRegressor(**_SETTINGS).fit(_inputs(records)[known], motion[known]))

    def predict(asked: Flatfile, base: Floats) -> Floats:
        found = np.stack([each.predict(_inputs(asked)) for each in trees], 1)
        return np.asarray(found if published is None else base + found)

    return predict


def _inputs(records: Flatfile) -> Floats:
    columns = (
        records.magnitude,
        records.rjb_km,
        records.vs30_m_s,
        records.depth_km,
        records.mechanism,
        records.year,
    )
    return np.stack([np.asarray(each, float) for each in columns], 1)
