"""Static stress of past earthquakes as a channel: how strongly, not in which direction.

A source of seismic moment M₀ changes the stress at a distance r by about M₀ / (6π r³): the static near field of
a double couple (Aki & Richards 2002, section 4.3) without its radiation pattern, which takes a focal mechanism.
As in Helmstetter, Kagan & Jackson (2005, doi 10.1029/2004JB003286) the changes of all sources are added, so that
the many small ones count for what they are.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from physics_channels.columns import Columns, band, in_order, make_columns, points_km, squared_chord
from terrella.earth.grid import Grid
from terrella.formats.catalogues.catalogue import Catalogue, Floats

MEMORY_DAYS = (30.0, 1000.0)
FLOOR_PA = 100.0  # a tenth of what the tides do: where it falls below, a change is not followed
_STRESS_DROP_PA = 3e6


@dataclass(frozen=True, eq=False)
class StressChannels:
    """Sources of stress, prepared for one grid; call `channels` with issue times."""

    columns: Columns
    depth_edges_km: Floats
    memory_days: Floats
    days: Floats  # (event,) since the epoch, in order
    source_km: Floats  # (event, 3) epicentres on the sphere
    depth_km: Floats
    moment_nm: Floats

    def channels(self, issue_days: Floats) -> np.ndarray:
        """Return log₁₀(1 + Δσ/100 Pa) at issue times, as float32 (n, memory, layer, column).

        Δσ is the sum over the events before each issue time of M₀/(6π r³) e^{−age/τ}, one for each memory τ.
        """
        state_pa = _states(
            in_order(issue_days), self.columns.points_km, self.columns.area_km2, self.depth_edges_km,
            self.memory_days, self.days, self.source_km, self.depth_km, self.moment_nm,
            source_radius_km(self.moment_nm), FLOOR_PA,
        )  # fmt: skip
        return np.log10(1 + state_pa / np.float32(FLOOR_PA), out=state_pa)


def make_stress(
    catalogue: Catalogue,
    epoch: np.datetime64,
    grid: Grid,
    min_magnitude: float = -np.inf,
    memory_days: tuple[float, ...] = MEMORY_DAYS,
) -> StressChannels:
    """Return the stress channels of a catalogue's events of at least a magnitude.

    An unknown depth counts as the middle of the shallowest layer, where the catalogue's convention puts it.
    """
    chosen = catalogue[catalogue.magnitude >= min_magnitude - 1e-9]
    shallowest = float(grid.depth_edges_km[:2].mean())
    return StressChannels(
        columns=make_columns(grid),
        depth_edges_km=np.asarray(grid.depth_edges_km, float),
        memory_days=np.asarray(memory_days, float),
        days=chosen.days_since(epoch),
        source_km=points_km(chosen.longitude, chosen.latitude),
        depth_km=np.nan_to_num(chosen.depth_km.astype(float), nan=shallowest),
        moment_nm=seismic_moment_nm(chosen.magnitude),
    )


def seismic_moment_nm(moment_magnitude: npt.ArrayLike) -> Floats:
    """Return seismic moments in N m (Hanks & Kanamori 1979: M = ⅔ log₁₀ M₀ − 10.7 with M₀ in dyn cm)."""
    return np.asarray(10 ** (1.5 * (np.asarray(moment_magnitude, float) + 10.7) - 7))


def source_radius_km(moment_nm: Floats) -> Floats:
    """Return the radius of a circular crack that releases 3 MPa: a³ = 7 M₀ / (16 Δσ) (Eshelby 1957)."""
    return np.asarray((7 / 16 * moment_nm / _STRESS_DROP_PA) ** (1 / 3) / 1e3)


def stress_pa(
    moment_nm: npt.ArrayLike,
    epicentral_km: npt.ArrayLike,
    vertical_km: npt.ArrayLike = 0.0,
    cell_km2: npt.ArrayLike = 0.0,
) -> Floats:
    """Return M₀ / (6π r³) in Pa at r² = epicentral² + vertical² + a² + A/6.

    The source's radius a keeps it finite within the source, and A/6, the mean square distance of a square cell's
    points from its centre, makes it one for the whole cell.
    """
    moment = np.asarray(moment_nm)
    squared = np.square(epicentral_km) + np.square(vertical_km) + np.asarray(cell_km2) / 6
    squared = squared + source_radius_km(moment) ** 2
    return np.asarray(moment / (6 * np.pi * squared**1.5 * 1e9))


@numba.njit(cache=True)
def _states(issue, points, area, edges, memory, days, source, depth, moment, radius, floor_pa):
    layers, widest = len(edges) - 1, area.max()
    found = np.zeros((len(issue), len(memory), layers, len(points)), np.float32)
    state = np.zeros((len(memory), layers, len(points)))
    now, event = issue[0] if len(issue) else 0.0, 0
    for n in range(len(issue)):
        for m in range(len(memory)):
            state[m] *= np.exp(-(issue[n] - now) / memory[m])
        now = issue[n]
        while event < len(days) and days[event] < now:
            decay = np.exp(-(now - days[event]) / memory)
            strength = moment[event] / (6 * np.pi * 1e9)
            source_at, depth_at = source[event], depth[event]
            _add(
                state,
                decay,
                strength,
                radius[event],
                source_at,
                depth_at,
                points,
                area,
                widest,
                edges,
                floor_pa,
            )
            event += 1
        found[n] = state
    return found


@numba.njit(cache=True)
def _add(state, decay, strength, radius, source, depth, points, area, widest, edges, floor_pa):
    """Add one event to the state, out to where its stress when new falls below the floor: its own cell at least."""
    reach = np.sqrt((strength / floor_pa) ** (2 / 3) + 2 / 3 * widest)
    first, last = band(points, source[2], reach)
    for column in range(first, last):
        r2 = squared_chord(points, column, source)
        for layer in range(len(edges) - 1):
            # A layer that holds the source is at its depth; any other is as far as its nearer edge.
            vertical = max(edges[layer] - depth, depth - edges[layer + 1], 0.0)
            distance2 = r2 + vertical * vertical
            if distance2 <= reach * reach:
                change = strength * (distance2 + radius * radius + area[column] / 6) ** -1.5
                for m in range(len(decay)):
                    state[m, layer, column] += change * decay[m]
