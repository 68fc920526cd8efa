"""Functions for vector loops, against numpy's."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from terrella.forecast.etas import vector_math


@pytest.mark.parametrize(
    ("name", "x", "rtol"),
    [
        ("exp", np.linspace(-700, 700, 100_001), 3e-13),  # the argument's own rounding grows to that
        ("exp", np.linspace(-1, 1, 100_001), 1e-15),
        ("log", np.geomspace(1e-300, 1e300, 100_001), 1e-15),
        ("log", np.linspace(0.5, 2, 100_001), 1e-14),
        ("sin", np.linspace(-2, 2, 100_001), 1e-13),
        ("sin", np.geomspace(1e-12, 1, 1001), 1e-15),
    ],
)
def test_functions_are_those_of_numpy(name: str, x: np.ndarray, rtol: float) -> None:
    np.testing.assert_allclose(_over(getattr(vector_math, name))(x), getattr(np, name)(x), rtol, 1e-16)


def _over(function: Callable[[float], float]) -> Any:
    @numba.njit
    def over(values: np.ndarray) -> np.ndarray:
        found = np.empty_like(values)
        for i in range(len(values)):
            found[i] = function(values[i])
        return found

    return over
