"""Exponential, logarithm and sine without branches or calls: loops over them become vector instructions.

They are as exact as double precision but for the last digits; their arguments are not checked.
"""

import math

import numba
import numpy as np

_LOG2, _SQRT2 = math.log(2), math.sqrt(2)
_FRACTION, _ONE = (1 << 52) - 1, 1023 << 52  # bits of a double: those below its exponent, and 1.0


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def exp(x):
    """Return eˣ for |x| ≤ 700."""
    power = np.int32(math.floor(x / _LOG2 + 0.5))
    y = x - power * _LOG2
    series = 1 + y * (1 + y / 2 * (1 + y / 3 * (1 + y / 4 * (1 + y / 5 * (1 + y / 6 * (1 + y / 7 * (
        1 + y / 8 * (1 + y / 9 * (1 + y / 10 * (1 + y / 11 * (1 + y / 12)))))))))))  # fmt: skip
    return series * np.int64((np.int64(power) + 1023) << 52).view(np.float64)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def log(x):
    """Return ln x for x > 0 of double precision's normal range."""
    bits = np.float64(x).view(np.int64)
    power = np.int32((bits >> 52) - 1023)
    part = np.int64((bits & _FRACTION) | _ONE).view(np.float64)
    part, power = (part / 2, power + 1) if part > _SQRT2 else (part, power)
    y = (part - 1) / (part + 1)
    y2 = y * y
    series = 1 + y2 * (1 / 3 + y2 * (1 / 5 + y2 * (1 / 7 + y2 * (1 / 9 + y2 * (1 / 11 + y2 * (
        1 / 13 + y2 * (1 / 15 + y2 * (1 / 17 + y2 / 19))))))))  # fmt: skip
    return 2 * y * series + power * _LOG2


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def sin(x):
    """Return sin x for |x| ≤ 2."""
    y = x * x
    series = 1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110 * (1 - y / 156 * (
        1 - y / 210 * (1 - y / 272 * (1 - y / 342 * (1 - y / 420)))))))))  # fmt: skip
    return x * series
