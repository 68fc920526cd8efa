"""The share of an event's direct aftershocks that falls into each cell of a grid.

The density of ETAS's spatial kernel is ρ D^ρ / π / (r² + D)^(1+ρ). Far from the event a cell's share is the
density at its centre with the second-order term of the midpoint rule; near it the kernel is integrated over
the cell: one direction in closed form, the other by Gauss–Legendre quadrature.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import beta, betainc
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.earth.sphere import EARTH_RADIUS_KM

_NEAR = 3  # cells on each side of the event that are integrated
_NODES = 20
_TABLE = 4096
_KM_PER_DEGREE = math.radians(1) * EARTH_RADIUS_KM


@dataclass(frozen=True, eq=False)
class Footprints:
    """Cells of a grid, prepared on a device for one exponent ρ; call `shares` with events."""

    rho: float
    latitude: Tensor  # centres (lat,) in radians
    longitude: Tensor
    latitude_edges_deg: Tensor
    longitude_edges_deg: Tensor
    half_side_squared_km2: Tensor  # mean of the two squared sides / 24, (lat,)
    area_km2: Tensor  # (lat, 1)
    table: Tensor  # I(s) for s = y/√(x²+y²+D) from −1 to 1
    nodes: Tensor
    weights: Tensor

    def shares(self, longitude: Tensor, latitude: Tensor, zone_km2: Tensor) -> Tensor:
        """Return the shares (event, lat, lon) of events (n,) in degrees with zones D (n,) in km²."""
        shares = self._far(longitude, latitude, zone_km2)
        row = torch.bucketize(latitude, self.latitude_edges_deg, right=True) - 1
        column = torch.bucketize(longitude, self.longitude_edges_deg, right=True) - 1
        patch = torch.arange(-_NEAR, _NEAR + 1, device=row.device)
        rows, columns = row[:, None] + patch, column[:, None] + patch
        n_lat, n_lon = shares.shape[1:]
        inside = ((rows >= 0) & (rows < n_lat))[:, :, None] & ((columns >= 0) & (columns < n_lon))[:, None, :]
        rows, columns = rows.clamp(0, n_lat - 1), columns.clamp(0, n_lon - 1)
        near = self._near(longitude, latitude, zone_km2, rows, columns)
        event = torch.arange(len(longitude), device=row.device)[:, None, None].expand_as(inside)
        at = (
            event[inside],
            rows[:, :, None].expand_as(inside)[inside],
            columns[:, None, :].expand_as(inside)[inside],
        )
        return shares.index_put_(at, near[inside])

    def _far(self, longitude: Tensor, latitude: Tensor, zone: Tensor) -> Tensor:
        lon, lat = torch.deg2rad(longitude), torch.deg2rad(latitude)
        by_row = torch.sin((self.latitude[None, :] - lat[:, None]) / 2) ** 2
        cosines = torch.cos(self.latitude)[None, :] * torch.cos(lat)[:, None]
        by_column = torch.sin((self.longitude[None, :] - lon[:, None]) / 2) ** 2
        h = by_row[:, :, None] + cosines[:, :, None] * by_column[:, None, :]
        # r = 2R arcsin √h; the series is good to 1e-4 within a quarter of the globe.
        r2 = 4 * EARTH_RADIUS_KM**2 * h * (1 + h / 3 + 8 * h * h / 45)
        q = r2 + zone[:, None, None]
        p = 1 + self.rho
        midpoint = (self.rho / math.pi) * zone[:, None, None] ** self.rho * q**-p * self.area_km2
        curvature = 4 * p / q * ((p + 1) * r2 / q - 1)
        return midpoint * (1 + self.half_side_squared_km2[:, None] * curvature).clamp(0.2, 5)

    def _near(
        self, longitude: Tensor, latitude: Tensor, zone: Tensor, rows: Tensor, columns: Tensor
    ) -> Tensor:
        root = zone.sqrt()[:, None, None]
        to_km = _KM_PER_DEGREE * torch.cos(self.latitude)[rows][:, :, None]
        lon, lat = longitude[:, None, None], latitude[:, None, None]
        v1 = torch.asinh((self.longitude_edges_deg[columns][:, None, :] - lon) * to_km / root)
        v2 = torch.asinh((self.longitude_edges_deg[columns + 1][:, None, :] - lon) * to_km / root)
        v = (v1 + v2)[..., None] / 2 + (v2 - v1)[..., None] / 2 * self.nodes
        cosh = torch.cosh(v)
        y1 = ((self.latitude_edges_deg[rows][:, :, None] - lat) * _KM_PER_DEGREE / root)[..., None]
        y2 = ((self.latitude_edges_deg[rows + 1][:, :, None] - lat) * _KM_PER_DEGREE / root)[..., None]
        inner = self._inner(y2, cosh) - self._inner(y1, cosh)
        integral = (cosh ** (-2 * self.rho) * inner * self.weights).sum(-1)
        return self.rho / math.pi * integral * (v2 - v1) / 2

    def _inner(self, y: Tensor, cosh: Tensor) -> Tensor:
        """Return ∫₀^z (1+u²)^−(1+ρ) du for z = y/cosh, from the table."""
        s = y / torch.sqrt(y * y + cosh * cosh)
        position = (s + 1) * ((_TABLE - 1) / 2)
        left = position.floor().clamp(0, _TABLE - 2).long()
        low = self.table[left]
        return low + (position - left) * (self.table[left + 1] - low)


def make_footprints(grid: Grid, rho: float, device: torch.device | str = "cpu") -> Footprints:
    """Return the cells of a grid prepared for the exponent ρ on a device."""

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(np.asarray(values, np.float32), device=device)

    # ∫₀^z (1+u²)^−(1+ρ) du = ½ B(s²; ½, ρ+½) with s² = z²/(1+z²).
    s = np.linspace(-1, 1, _TABLE)
    table = np.sign(s) * 0.5 * beta(0.5, rho + 0.5) * betainc(0.5, rho + 0.5, s * s)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    height = np.diff(grid.latitude_edges) * _KM_PER_DEGREE
    width = np.diff(grid.longitude_edges)[0] * _KM_PER_DEGREE * np.cos(np.radians(grid.latitudes))
    return Footprints(
        rho=rho,
        latitude=tensor(np.radians(grid.latitudes)),
        longitude=tensor(np.radians(grid.longitudes)),
        latitude_edges_deg=tensor(grid.latitude_edges),
        longitude_edges_deg=tensor(grid.longitude_edges),
        half_side_squared_km2=tensor((height**2 + width**2) / 48),
        area_km2=tensor(grid.area_km2[:, :1]),
        table=tensor(table),
        nodes=tensor(nodes),
        weights=tensor(weights),
    )
