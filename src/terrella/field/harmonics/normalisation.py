"""In which normalisation coefficients are: told by the main field's first degrees, which are known."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.field.harmonics.schmidt import Floats, degrees_orders

# Degrees 1 to 3 of the IGRF in nT, in the order of degrees_orders.
_YEARS = (1900.0, 1940.0, 1980.0, 2000.0, 2025.0)
_KNOWN = np.array([
    (-31543, -2298, 5922, -677, 2905, -1061, 924, 1121, 1022, -1469, -330, 1256, 3, 572, 523),
    (-30654, -2292, 5821, -1106, 2981, -1614, 1566, 528, 1240, -1790, -499, 1232, 163, 916, 43),
    (-29992, -1956, 5604, -1997, 3027, -2129, 1663, -200, 1281, -2180, -336, 1251, 271, 833, -252),
    (-29619.4, -1728.2, 5186.1, -2267.7, 3068.4, -2481.6, 1670.9, -458, 1339.6, -2288, -227.6, 1252.1, 293.4, 714.5,
     -491.1),
    (-29350, -1410.3, 4545.5, -2556.2, 2950.9, -3133.6, 1648.7, -814.2, 1360.9, -2404.2, -56.9, 1243.8, 237.6,
     453.4, -549.6),
])  # fmt: skip
_NEAR = 0.2  # of a degree's norm: what its coefficients may be off
_WORDS = {
    "fully normalised (4π)": ("fully normali", "4-pi", "4pi"),
    "orthonormal": ("orthonormal",),
    "Gauss's (unnormalised)": ("unnormali", "gauss normali", "gaussian normali"),
}


def factors(n_max: int, n_min: int = 1) -> Mapping[str, Floats]:
    """Return, for each normalisation, by what its coefficients are multiplied to be Schmidt's, (coefficient,).

    Langel (1987), equations 21 to 24.
    """
    n, signed = degrees_orders(n_max, n_min)
    m = np.abs(signed)
    gauss = np.empty(len(n))
    for k, (a, b) in enumerate(zip(n, m, strict=True)):
        product = np.prod([(2 * i - 1) / i for i in range(1, a + 1)])
        for j in range(1, b + 1):
            product *= np.sqrt((a - j + 1) * (2 if j == 1 else 1) / (a + j))
        gauss[k] = 1 / product
    full = np.sqrt(2 * n + 1.0)
    return {
        "Schmidt semi-normalised": np.ones(len(n)), "fully normalised (4π)": full,
        "orthonormal": full / np.sqrt(4 * np.pi), "Gauss's (unnormalised)": gauss,
    }  # fmt: skip


def main_field(years: Floats) -> Floats:
    """Return degrees 1 to 3 of the Earth's main field since 1900 in nT, to the nearest some 100 nT, (year, 15)."""
    return np.array([np.interp(years, _YEARS, each) for each in _KNOWN.T]).T


def as_schmidt(
    values: Floats, epochs: Floats, n_max: int, n_min: int, said: str, where: str
) -> tuple[Floats, tuple[str, ...]]:
    """Return coefficients (epoch, coefficient) as Schmidt semi-normalised ones, and what was found.

    Of the Earth's main field since 1900 degrees 1 to 3 tell the normalisation, each by itself; of other fields the
    format's own, Schmidt's, is taken, which is said.

    Raises:
        InputError: where the first degrees fit no normalisation, or the file's words contradict them.
    """
    every = factors(n_max, n_min)
    named = next(
        (name for name, words in _WORDS.items() if any(word in said.lower() for word in words)), None
    )
    inside = np.flatnonzero((epochs >= _YEARS[0]) & (epochs <= _YEARS[-1] + 5))
    if n_min > 1 or n_max < 3 or not len(inside):
        if named is not None:
            return values * every[named], (
                f"coefficients are {named}, as the file says; made Schmidt semi-normalised",
            )
        return values, (
            "normalisation cannot be checked; taken as Schmidt semi-normalised, as .shc files are",
        )
    known = main_field(epochs[inside])
    near = {name: _near(values[inside, :15] * factor[:15], known) for name, factor in every.items()}
    fits = [name for name, each in near.items() if each.all()]
    best = max(near.values(), key=lambda each: int(each.sum()))
    year = epochs[inside[int(best.argmin())]]
    if len(fits) != 1 or (named is not None and fits[0] != named):
        why = f"its words say {named}" if fits else "they fit none"
        raise InputError(
            f"{where}: degrees 1 to 3 at {year:g} should tell the normalisation of the Earth's field in nT, "
            f"but {why}; give Schmidt semi-normalised coefficients for 6371.2 km in nT"
        )
    if fits[0] == "Schmidt semi-normalised":
        return values, ()
    return values * every[fits[0]], (f"coefficients are {fits[0]}: made Schmidt semi-normalised",)


def _near(own: Floats, known: Floats) -> npt.NDArray[np.bool_]:
    """Return at which epochs each degree is near what is known, (epoch,)."""
    of_degree = degrees_orders(3)[0][:, None] == np.arange(1, 4)
    off, norm = np.sqrt((own - known) ** 2 @ of_degree), np.sqrt(known**2 @ of_degree)
    return np.asarray((off < _NEAR * norm).all(axis=1))
