"""Double couples: moment tensors, and what they radiate in a direction."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def moment_tensor(strike: npt.ArrayLike, dip: npt.ArrayLike, rake: npt.ArrayLike) -> Floats:
    """Return the tensors (…, 3, 3) of unit moment in axes north, east, down, for angles in radians.

    Aki and Richards (2002, box 4.4).
    """
    s, d, r = (np.asarray(each, float) for each in (strike, dip, rake))
    north = -(np.sin(d) * np.cos(r) * np.sin(2 * s) + np.sin(2 * d) * np.sin(r) * np.sin(s) ** 2)
    east = np.sin(d) * np.cos(r) * np.sin(2 * s) - np.sin(2 * d) * np.sin(r) * np.cos(s) ** 2
    north_east = np.sin(d) * np.cos(r) * np.cos(2 * s) + 0.5 * np.sin(2 * d) * np.sin(r) * np.sin(2 * s)
    north_down = -(np.cos(d) * np.cos(r) * np.cos(s) + np.cos(2 * d) * np.sin(r) * np.sin(s))
    east_down = -(np.cos(d) * np.cos(r) * np.sin(s) - np.cos(2 * d) * np.sin(r) * np.cos(s))
    down = np.sin(2 * d) * np.sin(r)
    rows = [[north, north_east, north_down], [north_east, east, east_down], [north_down, east_down, down]]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def radiation(tensor: Floats, direction: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the far-field patterns of P, SV and SH towards unit vectors (…, 3) of north, east, down.

    γ·Mγ, p·Mγ and φ·Mγ, with the vectors l = γ, p and φ of Aki and Richards (2002, eq. 4.97), which give their
    equations 4.89 to 4.91: p points to growing take-off angle, φ to growing azimuth.
    """
    along, away, across = axes(direction)
    moved = np.einsum("ij,...j->...i", tensor, along)
    p, sv, sh = (np.einsum("...i,...i->...", axis, moved) for axis in (along, away, across))
    return p, sv, sh


def axes(direction: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the motions of P, SV and SH that travel along `direction` (…, 3): north, east, down."""
    north, east, down = np.moveaxis(direction, -1, 0)
    sine = np.hypot(north, east)
    steep = sine < 1e-12  # any azimuth will do: take north
    over = np.where(steep, 1.0, sine)
    cos_azimuth, sin_azimuth = np.where(steep, 1.0, north / over), np.where(steep, 0.0, east / over)
    away = np.stack([down * cos_azimuth, down * sin_azimuth, -sine], -1)
    across = np.stack([-sin_azimuth, cos_azimuth, np.zeros_like(sine)], -1)
    return direction, away, across
