"""Magnitudes: seismic moment, the b-value and the magnitude above which a catalogue is complete."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]

_FEWEST_EVENTS = 50  # Woessner & Wiemer (2005) trust no b-value from fewer
_WINDOW = 0.5  # magnitude range over which b must be stable, Woessner & Wiemer (2005)


@dataclass(frozen=True)
class BValue:
    """Gutenberg–Richter's law log₁₀ N(≥ M) = a − b M above a completeness magnitude."""

    b: float
    b_error: float
    a: float
    completeness: float
    n_events: int

    @property
    def beta(self) -> float:
        """Decay of the magnitude density, b ln 10."""
        return self.b * float(np.log(10))


def round_to_bin(magnitude: npt.ArrayLike, bin_width: float) -> Floats:
    """Return magnitudes as the centres of their bins, multiples of `bin_width`; halves go up."""
    return np.round(_bin_number(magnitude, bin_width) * bin_width, 9)


def b_value(magnitude: npt.ArrayLike, completeness: float, bin_width: float = 0.1) -> BValue:
    """Return the maximum-likelihood b-value of the events of at least the completeness magnitude.

    With bins of width ΔM, b = log₁₀(1 + ΔM / (mean − Mc)) / ΔM, Mc the centre of the lowest bin (Tinti &
    Mulargia 1987); `bin_width` 0 gives Aki's (1965) b = log₁₀ e / (mean − Mc), its limit for narrow bins, as
    is Utsu's (1966) shift of Mc by ΔM / 2. The error is that of Shi & Bolt (1982).

    Parameters
    ----------
    magnitude : array (event,)
        In units of magnitude, of one scale; those below the completeness are left out.
    completeness : float
        Mc.
    bin_width : float
        ΔM, 0 where magnitudes are continuous.

    Raises
    ------
    InputError
        Where fewer than two events, or only one magnitude, lie above the completeness magnitude.
    """
    values = np.asarray(magnitude, float)
    lowest = completeness
    if bin_width > 0:
        values, lowest = round_to_bin(values, bin_width), float(round_to_bin(completeness, bin_width))
    values = values[values >= lowest - 1e-9]
    n = len(values)
    excess = float(values.mean() - lowest) if n else 0.0
    if n < 2 or excess <= 1e-9:
        raise InputError(
            f"no b-value from {n} events of magnitude {lowest:.2f} and above; expected a range of magnitudes"
        )
    b = float(_b_from_excess(np.array([excess]), bin_width)[0])
    spread = float(np.sqrt(np.sum((values - values.mean()) ** 2) / (n * (n - 1))))
    return BValue(
        b=b,
        b_error=float(np.log(10)) * b**2 * spread,  # Shi & Bolt (1982), eq. 9
        a=float(np.log10(n)) + b * (lowest - bin_width / 2),
        completeness=lowest,
        n_events=n,
    )


def frequencies(magnitude: npt.ArrayLike, bin_width: float = 0.1) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the centres of all bins from the smallest to the largest magnitude, and the events in each.

    Raises:
        InputError: without events or with a bin width that is not positive.
    """
    values = np.asarray(magnitude, float)
    if len(values) == 0 or bin_width <= 0:
        raise InputError(
            f"frequencies need events and a positive bin width; got {len(values)} and {bin_width}"
        )
    number = _bin_number(values, bin_width)
    counts = np.bincount(number - number.min()).astype(np.int64)
    return np.round((number.min() + np.arange(len(counts))) * bin_width, 9), counts


def stands_for_unknown(magnitude: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return the events of magnitude exactly 0 where these are a crowd: ten times those in a bin beside 0.

    Some agencies write 0 for events whose magnitude was never measured.
    """
    values = np.asarray(magnitude, float)
    zero = values == 0
    beside = float(np.sum((np.abs(values) < 0.25) & ~zero)) / 4  # events per 0.1
    return zero if zero.sum() >= _FEWEST_EVENTS and zero.sum() > 10 * beside else np.zeros_like(zero)


def completeness_by_maximum_curvature(
    magnitude: npt.ArrayLike, bin_width: float = 0.1, correction: float = 0.2
) -> float:
    """Return the magnitude of the fullest bin (Wiemer & Wyss 2000) plus a correction.

    The uncorrected value is too low where completeness fades gradually; Woessner & Wiemer (2005) add 0.2.
    Magnitudes that stand for unknown (see `stands_for_unknown`) are no part of the curve.

    Parameters
    ----------
    magnitude : array (event,)
        In units of magnitude, of one scale.
    bin_width : float
        Of the bins that are counted.
    correction : float
        Added to the fullest bin's centre.

    Raises
    ------
    InputError
        Without events, or with a bin width that is not positive.
    """
    values = np.asarray(magnitude, float)
    unknown = stands_for_unknown(values)
    centres, counts = frequencies(values if unknown.all() else values[~unknown], bin_width)
    return round(float(centres[np.argmax(counts)] + correction), 9)


def completeness_by_b_stability(magnitude: npt.ArrayLike, bin_width: float = 0.1) -> float:
    """Return the smallest cut-off from which b stays level, NaN where there is none.

    After Cao & Gao (2002) as formulated by Woessner & Wiemer (2005, eq. 5): |mean b over the next 0.5
    magnitudes − b| ≤ b's error of Shi & Bolt (1982), with at least 50 events at every cut-off.
    """
    cut_off, b, error = b_by_cut_off(magnitude, bin_width)
    steps = max(1, round(_WINDOW / bin_width))
    for i in range(len(cut_off) - steps + 1):
        if abs(b[i : i + steps].mean() - b[i]) <= error[i]:
            return float(cut_off[i])
    return float("nan")


def b_by_cut_off(magnitude: npt.ArrayLike, bin_width: float = 0.1) -> tuple[Floats, Floats, Floats]:
    """Return cut-off magnitudes with at least 50 events above, the b-values there and their errors."""
    centres, counts = frequencies(magnitude, bin_width)
    n, sum_m, sum_mm = (_at_and_above(counts * centres**power) for power in (0, 1, 2))
    mean = sum_m / np.maximum(n, 1)
    enough = (n >= _FEWEST_EVENTS) & (mean - centres > 1e-9)
    n, mean, cut_off = n[enough], mean[enough], centres[enough]
    b = _b_from_excess(mean - cut_off, bin_width)
    variance = np.maximum(sum_mm[enough] / n - mean**2, 0) / (n - 1)
    return cut_off, b, np.log(10) * b**2 * np.sqrt(variance)


def _b_from_excess(excess: Floats, bin_width: float) -> Floats:
    """Return b from the mean magnitude above the lowest bin's centre (Tinti & Mulargia 1987)."""
    if bin_width == 0:
        return np.asarray(1 / (np.log(10) * excess))
    return np.asarray(np.log1p(bin_width / excess) / (np.log(10) * bin_width))


def _bin_number(magnitude: npt.ArrayLike, bin_width: float) -> npt.NDArray[np.int64]:
    return np.asarray(np.floor(np.asarray(magnitude, float) / bin_width + 0.5 + 1e-9), np.int64)


def _at_and_above(per_bin: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> Floats:
    return np.asarray(np.cumsum(per_bin[::-1].astype(float))[::-1])
