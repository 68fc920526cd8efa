"""Where a training starts: the linear part by generalised least squares, with the best terms beside it."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from terrella.motion.flatfile.table import Floats

Numbers = npt.NDArray[np.int64]


def mixed_solution(
    x: Floats,
    y: Floats,
    event: Numbers,
    station: Numbers,
    deviations: Floats,
    prior: Floats,
    sizes: tuple[int, int],
) -> tuple[Floats, Floats, Floats]:
    """Return coefficients (input,), event terms and station terms of the mixed-model equations (Henderson 1975).

    `x` (record, input) and `y` (record,) are what is known, `deviations` are τ, φ_S2S and φ_SS; `prior` (input,) is
    the deviation of each coefficient before any data.
    """
    tau, s2s, within = deviations
    events, stations = sizes
    n = len(y)
    columns = np.concatenate([event, events + station])
    z = sparse.csc_matrix((np.ones(2 * n), (np.tile(np.arange(n), 2), columns)), shape=(n, events + stations))
    shrink = np.concatenate([np.full(events, (within / tau) ** 2), np.full(stations, (within / s2s) ** 2)])
    terms = splu((z.T @ z + sparse.diags(shrink)).tocsc())
    both = np.column_stack([x, y])
    # What the terms would take up is taken out of inputs and motions alike.
    left = both - z @ terms.solve(np.asarray(z.T @ both))
    normal = x.T @ left[:, :-1] + np.diag((within / prior) ** 2)
    coefficients = np.linalg.solve(normal, x.T @ left[:, -1])
    of_terms = terms.solve(np.asarray(z.T @ (y - x @ coefficients)))
    return np.asarray(coefficients, float), of_terms[:events], of_terms[events:]
