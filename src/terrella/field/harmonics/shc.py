"""Files of Gauss coefficients (`.shc`): any degrees, epochs, order of their piecewise polynomials."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import make_lsq_spline

from terrella.errors import InputError
from terrella.field.harmonics.normalisation import as_schmidt
from terrella.field.harmonics.schmidt import Floats, degrees_orders
from terrella.files import write_text
from terrella.formats.encoding import decoded

_ORDERS = range(1, 11)


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Gauss coefficients over time: a spline of `order`, with a knot at every `step`-th epoch.

    Parameters
    ----------
    n_min, n_max : int
        Degrees.
    epochs : array (epoch,)
        Decimal years.
    values : array (epoch, coefficient)
        nT, Schmidt semi-normalised, in the order of `schmidt.degrees_orders`.
    order, step : int
        Of the spline, as in the file's header: 2 and 1 are straight lines, 6 and 5 CHAOS's.
    """

    n_min: int
    n_max: int
    epochs: Floats
    values: Floats
    order: int = 2
    step: int = 1
    findings: tuple[str, ...] = ()
    name: str = ""

    def at(self, year: float, n_max: int | None = None) -> Floats:
        """Return the coefficients at a decimal year, (coefficient,).

        Raises:
            InputError: where the year lies beyond the epochs.
        """
        return self._found(year, 0)[: self._number(n_max)]

    def rate_at(self, year: float, n_max: int | None = None) -> Floats:
        """Return the secular variation at a year in nT/yr, (coefficient,); at a knot that of the piece before."""
        return self._found(year, 1)[: self._number(n_max)]

    def piece_before(self, year: float) -> float:
        """Return the length in years of the piece that ends at a year, or holds it."""
        ends = self.epochs[:: self.step]
        piece = min(max(int(np.searchsorted(ends, year - 1e-9)) - 1, 0), len(ends) - 2)
        return float(ends[piece + 1] - ends[piece])

    def _number(self, n_max: int | None) -> int:
        highest = self.n_max if n_max is None else min(n_max, self.n_max)
        return len(degrees_orders(highest, self.n_min)[0])

    def _found(self, year: float, derivative: int) -> Floats:
        """Return all coefficients at a year, or their rates just before it."""
        first, last = self.epochs[0], self.epochs[-1]
        if not first - 1e-6 <= year <= last + 1e-6:
            raise InputError(
                f"{self.name or 'the coefficients'}: {year:g} lies beyond the epochs {first:g} to {last:g}"
            )
        if len(self.epochs) == 1:
            return np.zeros_like(self.values[0]) if derivative else self.values[0]
        breaks = self.epochs[:: self.step]
        ends = [np.repeat(breaks[[k]], self.order - 1) for k in (0, -1)]
        knots = np.concatenate([ends[0], breaks, ends[1]])
        spline = make_lsq_spline(self.epochs, self.values, knots, self.order - 1)
        at = float(np.clip(year - (1e-6 if derivative else 0.0), first, last))
        return np.asarray(spline(at, derivative))


def read_shc(path: Path) -> Coefficients:
    """Return the coefficients of a file, Schmidt semi-normalised.

    Raises:
        InputError: where the file is none, is incomplete, or holds coefficients in a normalisation that is not
        certain.
    """
    try:
        text = decoded(path.read_bytes(), str(path), names=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    lines = text.text.split("\n")
    said = [line for line in lines if line.lstrip().startswith("#")]
    rows = [
        (k + 1, line.split())
        for k, line in enumerate(lines)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not all(word.isascii() for _, row in rows for word in row):
        raise InputError(f"{path} is no text in ASCII; a file of Gauss coefficients (.shc) is expected")
    if len(rows) < 3:
        raise InputError(
            f"{path} is no file of Gauss coefficients (.shc): a header, epochs and coefficients are expected"
        )
    n_min, n_max, number, order, step = _header(path, *rows[0])
    epochs = np.array(_numbers(path, *rows[1], number))
    if (np.diff(epochs) <= 0).any():
        raise InputError(f"{path}, line {rows[1][0]}: epochs must ascend")
    n, m = degrees_orders(n_max, n_min)
    of_pair = {}
    for at, row in rows[2:]:
        found = _numbers(path, at, row, number + 2)
        pair = (int(found[0]), int(found[1]))
        if pair in of_pair:
            raise InputError(f"{path}, line {at}: n = {pair[0]}, m = {pair[1]} stands there twice")
        of_pair[pair] = found[2:]
    if missing := [pair for pair in zip(n.tolist(), m.tolist(), strict=True) if pair not in of_pair]:
        raise InputError(
            f"{path} has no coefficient n = {missing[0][0]}, m = {missing[0][1]}; its header says degrees "
            f"{n_min} to {n_max}"
        )
    if len(of_pair) > len(n):
        raise InputError(f"{path} has coefficients beyond the degrees {n_min} to {n_max} of its header")
    values = np.array([of_pair[pair] for pair in zip(n.tolist(), m.tolist(), strict=True)]).T
    values, findings = as_schmidt(values, epochs, n_max, n_min, " ".join(said), str(path))
    findings = (*text.findings, *findings)
    return Coefficients(n_min, n_max, epochs, values, order, step, findings, path.name)


def write_shc(path: Path, found: Coefficients, comments: tuple[str, ...]) -> None:
    """Write coefficients as `.shc`, with comments before its header."""
    n, m = degrees_orders(found.n_max, found.n_min)
    lines = [
        *(f"# {each}" for each in comments),
        f"{found.n_min} {found.n_max} {len(found.epochs)} {found.order} {found.step}",
    ]
    lines.append(" " * 8 + " ".join(f"{year:12.4f}" for year in found.epochs))
    lines += [
        f"{a:3d} {b:4d} " + " ".join(f"{v:12.4f}" for v in column)
        for a, b, column in zip(n, m, found.values.T, strict=True)
    ]
    write_text(path, "\n".join(lines) + "\n")


def _header(path: Path, at: int, row: list[str]) -> tuple[int, int, int, int, int]:
    """Return degrees, number of epochs, order and step; the newer header's start and end are left out."""
    try:
        n_min, n_max, number, order, step = (int(word) for word in row[:5])
    except ValueError:
        raise InputError(
            f"{path}, line {at}: a header of least and greatest degree, number of epochs, order and step is "
            f"expected; got {' '.join(row)[:60]!r}"
        ) from None
    if not 1 <= n_min <= n_max or number < 1 or order not in _ORDERS or step < 1:
        raise InputError(
            f"{path}, line {at}: degrees {n_min} to {n_max}, {number} epochs, order {order}, step {step} "
            "are no header of Gauss coefficients"
        )
    pieces = (number - 1) // step
    if number > 1 and ((number - 1) % step or order < 2 or number < pieces + order - 1):
        raise InputError(
            f"{path}, line {at}: {number} epochs do not fit a spline of order {order} with a knot at every "
            f"{step}. epoch: it needs {pieces + order - 1} or more"
        )
    return n_min, n_max, number, order, step


def _numbers(path: Path, at: int, row: list[str], number: int) -> list[float]:
    try:
        found = [float(word) for word in row]
    except ValueError:
        raise InputError(f"{path}, line {at}: numbers are expected; got {' '.join(row)[:60]!r}") from None
    if len(found) != number or not np.isfinite(found).all():
        raise InputError(f"{path}, line {at}: {number} finite numbers are expected; got {len(found)}")
    return found
