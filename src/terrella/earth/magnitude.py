"""Magnitudes: how they are reported, the b-value and where a catalogue is complete."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-5  # of every comparison of magnitudes: single precision holds them to 5e-7
BIN_WIDTH = 0.1  # of the bins in which finer magnitudes are counted

_FEWEST_EVENTS = 50  # Woessner & Wiemer (2005) trust no b-value from fewer
_WINDOW = 0.5  # magnitude range over which b must be stable, Woessner & Wiemer (2005)
_WIDTHS = (1.0, 0.5, 0.4, 0.3, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01)  # to which catalogues round
_PART_WIDTHS = (0.1, 0.2, 0.25, 0.5)  # to which a part of a catalogue rounds
_ROUNDED = 0.98  # share of the magnitudes that must lie on multiples of a width
_CONTINUOUS = 1e-4  # a width that changes no b-value
_SMALL_PART = 0.1  # rounded to tenths, less of a catalogue moves b by less than one per cent
_TELLING = 30  # events that all lie on a coarse grid by chance with less than 1e-9


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


def reaches(magnitude: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Return which magnitudes are at least a threshold, whatever precision they were stored in."""
    return np.asarray(np.asarray(magnitude, float) >= threshold - TOLERANCE)


def bin_start(magnitude: npt.ArrayLike, bin_width: float, origin: float = 0.0) -> Floats:
    """Return the smallest magnitude of each one's bin; bins begin at the origin and multiples of their width."""
    return np.round(origin + _bin_number(magnitude, bin_width, origin) * bin_width, 9)


@dataclass(frozen=True)
class Reported:
    """How magnitudes are rounded: to `origin` and multiples of `width`.

    Magnitudes of more than two decimals count as continuous, with a width that changes nothing.
    """

    width: float
    origin: float = 0.0

    @property
    def counted(self) -> float:
        """Width of bins to count in: the catalogue's own, or a tenth where that is finer."""
        return max(self.width, BIN_WIDTH)

    def at_least(self, magnitude: float) -> float:
        """Return the smallest reported magnitude that reaches another."""
        if self.width <= _CONTINUOUS:
            return magnitude
        steps = np.ceil((magnitude - TOLERANCE - self.origin) / self.width)
        return float(np.round(self.origin + steps * self.width, 9))


def reported(magnitude: npt.ArrayLike) -> Reported:
    """Return how magnitudes are rounded, from their last digits: the widest grid on which nearly all lie."""
    codes = _thousandths(magnitude)
    for width in _WIDTHS:
        if len(codes) and (width <= BIN_WIDTH or len(codes) >= _TELLING):
            digits = np.bincount(codes % round(1000 * width))
            if digits.max() >= _ROUNDED * len(codes):
                return Reported(width, float(digits.argmax()) / 1000)
    return Reported(_CONTINUOUS)


def b_value(magnitude: npt.ArrayLike, completeness: float, bin_width: float = 0.0) -> BValue:
    """Return the maximum-likelihood b-value of the events of at least the completeness magnitude.

    With magnitudes rounded to ΔM, b = log₁₀(1 + ΔM / (mean − Mc)) / ΔM, Mc the smallest rounded one (Tinti &
    Mulargia 1987; Utsu's (1966) shift of Mc by ΔM / 2 is its first order, Aki's (1965) log₁₀ e / (mean − Mc) its
    limit for continuous magnitudes). ΔM is found in the magnitudes (`reported`); where a part of them is
    rounded more coarsely, the likelihood is that of the mixture. The error is that of Shi & Bolt (1982).

    Parameters
    ----------
    magnitude : array (event,)
        In units of magnitude, of one scale; those below the completeness are left out.
    completeness : float
        Mc.
    bin_width : float
        Width of bins, begun at Mc, that the magnitudes are sorted into first; 0 takes them as they are reported.

    Raises
    ------
    InputError
        Where fewer than two events, or only one magnitude, lie above the completeness magnitude.
    """
    values = np.asarray(magnitude, float)
    values = values[reaches(values, completeness)]
    if bin_width > 0:
        values = bin_start(values, bin_width, completeness)
    how = Reported(bin_width, completeness) if bin_width > 0 else reported(values)
    lowest, n = how.at_least(completeness), len(values)
    if n < 2 or np.ptp(values) <= TOLERANCE:
        raise InputError(
            f"no b-value from {n} events of magnitude {lowest:.2f} and above; expected a range of magnitudes"
        )
    excess, widths, shares = float(values.mean()) - lowest, np.array([how.width]), np.ones(1)
    beta = _beta(excess, widths, shares)
    coarse, share = _coarser_part(values, how, lowest, beta)
    if share > 0:
        excess -= share * (coarse.at_least(completeness) - lowest)
        widths, shares = np.array([how.width, coarse.width]), np.array([1 - share, share])
        beta = _beta(excess, widths, shares)
    b = beta / float(np.log(10))
    spread = float(np.sqrt(np.sum((values - values.mean()) ** 2) / (n * (n - 1))))
    return BValue(
        b=b,
        b_error=float(np.log(10)) * b**2 * spread,  # Shi & Bolt (1982), eq. 9
        a=float(np.log10(n)) + b * (lowest - float(shares @ widths) / 2),
        completeness=lowest,
        n_events=n,
    )


def b_positive(magnitude: npt.ArrayLike) -> BValue:
    """Return the b-value from the steps up between events in order of time (van der Elst 2021).

    What large events hide for hours does not enter: both events of a pair were seen. `completeness` is of the
    steps.

    Raises:
        InputError: where there are too few steps of a bin or more.
    """
    values = np.asarray(magnitude, float)
    return b_value(np.diff(values), reported(values).counted)


def frequencies(magnitude: npt.ArrayLike, bin_width: float = 0.0) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return where bins begin, from the smallest to the largest magnitude, and the events in each.

    A bin of reported magnitudes begins at the smallest of them, so that a catalogue cut there fills its lowest
    bin. `bin_width` 0 gives the catalogue's own bins, or tenths where those are finer.

    Raises:
        InputError: without events or with a negative bin width.
    """
    values = np.asarray(magnitude, float)
    if len(values) == 0 or bin_width < 0:
        raise InputError(
            f"frequencies need events and a positive bin width; got {len(values)} and {bin_width}"
        )
    how = reported(values)
    width = bin_width or how.counted
    number = _bin_number(values, width, how.origin)
    counts = np.bincount(number - number.min()).astype(np.int64)
    return np.round(how.origin + (number.min() + np.arange(len(counts))) * width, 9), counts


def stands_for_unknown(magnitude: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return the events of magnitude exactly 0 where these are a crowd: ten times those in a bin beside 0.

    Some agencies write 0 for events whose magnitude was never measured.
    """
    values = np.asarray(magnitude, float)
    zero = values == 0
    beside = float(np.sum((np.abs(values) < 0.25) & ~zero)) / 4  # events per 0.1
    return zero if zero.sum() >= _FEWEST_EVENTS and zero.sum() > 10 * beside else np.zeros_like(zero)


def completeness_by_maximum_curvature(
    magnitude: npt.ArrayLike, bin_width: float = 0.0, correction: float = 0.2
) -> float:
    """Return the magnitude at which the fullest bin begins (Wiemer & Wyss 2000) plus a correction.

    The uncorrected value is too low where completeness fades gradually; Woessner & Wiemer (2005) add 0.2.
    Magnitudes that stand for unknown (see `stands_for_unknown`) are no part of the curve.

    Parameters
    ----------
    magnitude : array (event,)
        In units of magnitude, of one scale.
    bin_width : float
        Of the bins that are counted; 0 for those of `frequencies`.
    correction : float
        Added to the fullest bin's beginning, in whole bins, rounded up.

    Raises
    ------
    InputError
        Without events, or with a negative bin width.
    """
    values = np.asarray(magnitude, float)
    unknown = stands_for_unknown(values)
    values = values if unknown.all() else values[~unknown]
    starts, counts = frequencies(values, bin_width)
    width = bin_width or reported(values).counted
    steps = np.ceil(correction / width - TOLERANCE)
    return round(float(starts[np.argmax(counts)] + steps * width), 9)


def completeness_by_b_stability(magnitude: npt.ArrayLike, bin_width: float = 0.0) -> float:
    """Return the smallest cut-off from which b stays level, NaN where there is none.

    After Cao & Gao (2002) as formulated by Woessner & Wiemer (2005, eq. 5): |mean b over the next 0.5
    magnitudes − b| ≤ b's error of Shi & Bolt (1982), with at least 50 events at every cut-off.
    """
    cut_off, b, error = b_by_cut_off(magnitude, bin_width)
    # A cut-off alone is always level.
    steps = max(2, round(_WINDOW / (bin_width or reported(magnitude).counted)))
    for i in range(len(cut_off) - steps + 1):
        if abs(b[i : i + steps].mean() - b[i]) <= error[i]:
            return float(cut_off[i])
    return float("nan")


def b_by_cut_off(magnitude: npt.ArrayLike, bin_width: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """Return cut-off magnitudes with at least 50 events above, the b-values there and their errors."""
    values = np.sort(np.asarray(magnitude, float))
    starts, counts = frequencies(values, bin_width)
    enough = np.cumsum(counts[::-1])[::-1] >= _FEWEST_EVENTS
    found = []
    for start in starts[enough]:
        values = values[np.searchsorted(values, start - TOLERANCE) :]
        if np.ptp(values) > TOLERANCE:
            law = b_value(values, start, bin_width)
            found.append((start, law.b, law.b_error))
    cut_off, b, error = np.array(found).reshape(-1, 3).T
    return cut_off, b, error


def _beta(excess: float, widths: Floats, shares: Floats) -> float:
    """Return β where the mean excess over the lowest magnitudes is Σ share · w / (e^{βw} − 1), by Newton."""
    beta = 1 / (excess + float(shares @ widths) / 2)
    for _ in range(50):
        grown = np.expm1(beta * widths)
        miss = float(shares @ (widths / grown)) - excess
        step = miss / float(shares @ (widths**2 * (grown + 1) / grown**2))
        beta += step
        if abs(step) < 1e-12 * beta:
            break
    return beta


def _coarser_part(values: Floats, how: Reported, lowest: float, beta: float) -> tuple[Reported, float]:
    """Return how a part of the magnitudes is rounded more coarsely than all are, and its share, 0 where none is.

    Old and new years of a catalogue, or its agencies, round differently. Without them the last digits thin out
    as e^(−β j w) from the lowest magnitude on; what exceeds that is the coarser part. It counts near the lowest
    magnitude: above, rounding moves as many up as down.
    """
    found, best = how, 0.0
    step = max(1, round(1000 * how.width))
    every = _thousandths(values) - round(1000 * lowest)
    for width in _PART_WIDTHS:
        room = round(1000 * width)
        if room <= step or room % step:
            continue
        codes = every[every < 2 * room]
        if len(codes) == 0:  # the cut-off lies far below the smallest event
            continue
        counts = np.bincount(codes % room // step, minlength=room // step)
        chance = np.exp(-beta * np.arange(len(counts)) * step / 1000)
        fullest = int((counts / chance).argmax())
        excess = counts[fullest] - chance[fullest] * np.median(np.delete(counts / chance, fullest))
        share = float(excess) / len(codes)
        telling = share > _SMALL_PART and excess > 4 * np.sqrt(counts[fullest])
        # Multiples of a width are those of its divisors too: the wider one must explain more.
        if telling and share * width > 1.5 * best * found.width:
            found, best = Reported(width, lowest + fullest * step / 1000), share
    return found, best


def _thousandths(magnitude: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return np.round(np.asarray(magnitude, float) * 1000).astype(np.int64)


def _bin_number(magnitude: npt.ArrayLike, bin_width: float, origin: float) -> npt.NDArray[np.int64]:
    return np.asarray(np.floor((np.asarray(magnitude, float) - origin + TOLERANCE) / bin_width), np.int64)
