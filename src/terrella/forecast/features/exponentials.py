"""Functions of an event's age as sums of exponentials.

A sum over the past, Σ f(t − tᵢ), costs one number per time constant once f is written as
Σₖ cₖ exp(−age/τₖ): what happened before a knot in time is carried by decay alone. Power laws such as
Omori's are followed closely by time constants in geometric steps (Beylkin & Monzón 2005).
"""

from collections.abc import Callable

import numpy as np

from terrella.formats.catalogues.catalogue import Floats

TIME_CONSTANTS_DAYS: Floats = np.geomspace(1e-3, 1e5, 25)

# Ages at which a sum of exponentials is made to agree with its function.
_AGES: Floats = np.concatenate([[0.0], np.geomspace(1e-5, 3e4, 800)])


def fit_exponentials(
    function: Callable[[Floats], Floats], time_constants: Floats = TIME_CONSTANTS_DAYS, floor: float = 1e-7
) -> Floats:
    """Return coefficients c (k,) with function(age) ≈ Σₖ cₖ exp(−age/τₖ), in relative least squares.

    `floor`, as a share of the function's largest value, is where relative turns into absolute accuracy.
    """
    target = function(_AGES)
    scale = 1 / (np.abs(target) + floor * np.abs(target).max())
    basis = np.exp(-_AGES[:, None] / time_constants[None, :])
    # A slight ridge keeps neighbouring exponentials from cancelling each other by large coefficients.
    ridge = 1e-5 * np.eye(len(time_constants))
    matrix = np.concatenate([basis * scale[:, None], ridge / np.abs(target).max()])
    right = np.concatenate([target * scale, np.zeros(len(time_constants))])
    return np.linalg.lstsq(matrix, right, rcond=None)[0]
