"""Classical forecasts of the field's change: what any observatory's own last means say."""

from collections.abc import Callable, Mapping

import numpy as np

from terrella.field.harmonics.schmidt import Floats

PERSISTENCE, LAST, LINEAR, QUADRATIC = "persistence", "last SV", "linear, 3 years", "quadratic, 3 years"
FILTER = "filtered SV"
BACK = 3  # years before an issue time that any of them needs

# Each takes the means of the last four years (…, 4, component), the newest last, and a number of years.
OWN: Mapping[str, Callable[[Floats, int], Floats]] = {
    PERSISTENCE: lambda past, years: np.zeros_like(past[..., -1, :]),
    LAST: lambda past, years: years * (past[..., -1, :] - past[..., -2, :]),
    LINEAR: lambda past, years: years * _fitted(past, 1)[0],
    QUADRATIC: lambda past, years: years * _fitted(past, 2)[0] + years**2 * _fitted(past, 2)[1],
}


def _fitted(past: Floats, degree: int) -> Floats:
    """Return coefficients (degree, …) of the polynomial through the newest mean and nearest to the others."""
    t = np.arange(-BACK, 0.0)
    powers = t[:, None] ** np.arange(1, degree + 1)
    return np.einsum("dt,...tc->d...c", np.linalg.pinv(powers), past[..., :-1, :] - past[..., -1:, :])
