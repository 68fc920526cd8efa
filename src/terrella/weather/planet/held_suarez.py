"""The dry planet of Held and Suarez (1994), by the spectral solver of dinosaur-dycore.

A flat globe without seasons, day or moisture: temperature relaxes to a profile of latitude and pressure, winds are
slowed near the ground. Its jets and travelling cyclones are as unpredictable as the Earth's.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError

Floats = npt.NDArray[np.float32]
LAYERS = 8  # of equal mass
TRUNCATION = 21  # T21: 64 × 32 points
LEVELS = (250, 500, 850)  # hPa
STEP_HOURS = 6
_STEP_MINUTES = 60.0
_DAMPING_HOURS = 8.6  # of the smallest waves at any truncation, by the square of the Laplacian
_PARTS = ("vorticity", "divergence", "temperature_variation", "log_surface_pressure")


def check_installed() -> None:
    """Refuse where the solver is missing, or another package stands in its place.

    Raises:
        InputError: saying how to install it.
    """
    how = "pip install 'terrella[weather]'"
    if importlib.util.find_spec("dinosaur") is None or importlib.util.find_spec("jax") is None:
        raise InputError(f"the simulated planet needs dinosaur-dycore, which is not installed: {how}")
    try:
        importlib.metadata.version("dinosaur")
    except importlib.metadata.PackageNotFoundError:
        return
    raise InputError(
        "the package dinosaur is installed, whose modules overwrite those of dinosaur-dycore: "
        f"pip uninstall dinosaur dinosaur-dycore, then {how}"
    )


@dataclass(frozen=True, eq=False)
class Solver:
    """The solver at one resolution; states are spectral, (member, 3 × layer + 1, coefficient)."""

    latitude: npt.NDArray[np.float64]
    longitude: npt.NDArray[np.float64]
    coefficients: int
    advance: Callable[[Floats], Floats]  # by one step of 6 h
    fields: Callable[[Floats], Mapping[str, Floats]]  # (member, [level,] latitude, longitude), in SI units

    def frames(self, states: Floats, number: int) -> Iterator[Floats]:
        """Yield the states after 1, 2, … steps."""
        for _ in range(number):
            states = self.advance(states)
            if not np.isfinite(states).all():
                raise InputError("the simulated planet became unstable; begin from other states")
            yield states


@cache
def solver(truncation: int = TRUNCATION, shown: int | None = None) -> Solver:
    """Return the solver at a truncation, its fields on the grid of `shown`, by default its own.

    Raises:
        InputError: where dinosaur-dycore is not installed.
    """
    check_installed()
    import jax
    import jax.numpy as jnp
    from dinosaur import coordinate_systems, spherical_harmonic, vertical_interpolation
    from dinosaur import primitive_equations as equations

    coordinates, reference, specs = _coordinates(truncation)
    seen = coordinates if shown in (None, truncation) else _coordinates(shown or truncation)[0]
    spread = coordinate_systems.get_spectral_upsample_fn(coordinates, seen)
    mask = np.asarray(coordinates.horizontal.mask)
    rows, columns = np.nonzero(mask)
    step = _six_hours(coordinates, reference, specs)
    pressures = vertical_interpolation.PressureCoordinates(
        [specs.nondimensionalize(level * 100 * _units().pascal) for level in LEVELS]
    )

    def unpacked(state: Any) -> Any:
        whole = jnp.zeros((state.shape[0], *mask.shape)).at[:, rows, columns].set(state)
        parts = jnp.split(whole, [LAYERS, 2 * LAYERS, 3 * LAYERS])
        return equations.State(**dict(zip(_PARTS, parts, strict=True)))

    def packed(state: Any) -> Any:
        return jnp.concatenate([getattr(state, part) for part in _PARTS])[:, rows, columns]

    def fields(state: Any) -> dict[str, Any]:
        given = spread(unpacked(state))
        harmonics = seen.horizontal
        u, v = spherical_harmonic.vor_div_to_uv_nodal(harmonics, given.vorticity, given.divergence)
        geopotential = equations.get_geopotential(
            given.temperature_variation,
            reference,
            jnp.zeros(harmonics.modal_shape),
            seen.vertical,
            specs.g,
            specs.R,
        )
        temperature = harmonics.to_nodal(given.temperature_variation) + reference[:, None, None]
        surface = jnp.exp(harmonics.to_nodal(given.log_surface_pressure))
        each = vertical_interpolation.interp_sigma_to_pressure(
            {
                "geopotential": harmonics.to_nodal(geopotential), "temperature": temperature,
                "u_component_of_wind": u, "v_component_of_wind": v,
            },
            pressures, seen.vertical, surface,
        )  # fmt: skip
        return {**each, "surface_pressure": surface[0]}

    scale = _si(specs)
    advance = jax.jit(jax.vmap(lambda state: packed(step(unpacked(state)))))
    shown_fields = jax.jit(jax.vmap(fields))

    def as_fields(states: Floats) -> dict[str, Floats]:
        made = shown_fields(states)
        return {
            name: np.ascontiguousarray(np.swapaxes(np.asarray(values), -1, -2) * np.float32(scale[name]))
            for name, values in made.items()
        }

    return Solver(
        np.rad2deg(np.asarray(seen.horizontal.latitudes, float)),
        np.rad2deg(np.asarray(seen.horizontal.longitudes, float)),
        len(rows),
        lambda states: np.asarray(advance(states)),
        as_fields,
    )


def resting(members: int, seed: int) -> Floats:
    """Return atmospheres at rest with a small disturbance each, (member, 3 × layer + 1, coefficient)."""
    check_installed()
    import jax
    from dinosaur import primitive_equations_states

    coordinates, _, specs = _coordinates(TRUNCATION)
    pascal = _units().pascal
    start, _ = primitive_equations_states.isothermal_rest_atmosphere(
        coordinates, specs, p0=1e5 * pascal, p1=5e3 * pascal
    )
    rows, columns = np.nonzero(np.asarray(coordinates.horizontal.mask))
    made = [start(key) for key in jax.random.split(jax.random.PRNGKey(seed), members)]
    each = [np.concatenate([np.asarray(getattr(state, part)) for part in _PARTS]) for state in made]
    return np.stack(each)[..., rows, columns].astype(np.float32)


def coarser(states: Floats, truncation: int) -> Floats:
    """Return states of the planet without the waves that a smaller truncation cannot hold."""
    own, other = (np.asarray(_coordinates(each)[0].horizontal.mask) for each in (TRUNCATION, truncation))
    whole = np.zeros((*states.shape[:-1], *own.shape), np.float32)
    whole[..., own] = states
    return np.ascontiguousarray(whole[..., : other.shape[0], : other.shape[1]][..., other])


def _six_hours(coordinates: Any, reference: Any, specs: Any) -> Callable[[Any], Any]:
    """Return the function that advances a state by six hours."""
    from dinosaur import held_suarez, time_integration
    from dinosaur import primitive_equations as equations

    unit = _units()
    step = specs.nondimensionalize(_STEP_MINUTES * unit.minute)
    flat = np.zeros(coordinates.horizontal.modal_shape, np.float32)
    both = time_integration.compose_equations(
        [
            equations.PrimitiveEquations(reference, flat, coordinates, specs),
            held_suarez.HeldSuarezForcing(coordinates, specs, reference),
        ]
    )
    damping = time_integration.horizontal_diffusion_step_filter(
        coordinates.horizontal, step, tau=specs.nondimensionalize(_DAMPING_HOURS * unit.hour), order=2
    )
    one = time_integration.step_with_filters(time_integration.imex_rk_sil3(both, step), [damping])
    repeated: Callable[[Any], Any] = time_integration.repeated(one, round(60 * STEP_HOURS / _STEP_MINUTES))
    return repeated


@cache
def _coordinates(truncation: int) -> tuple[Any, Any, Any]:
    """Return the coordinates at a truncation, the reference temperatures, and the units' scales."""
    from dinosaur import coordinate_systems, sigma_coordinates, spherical_harmonic
    from dinosaur import primitive_equations as equations

    # As many points as keep products of two waves free of aliases: a multiple of eight around.
    nodes = -(-(3 * truncation + 1) // 4)
    grid = spherical_harmonic.Grid.construct(truncation, nodes)
    layers = sigma_coordinates.SigmaCoordinates.equidistant(LAYERS)
    specs = equations.PrimitiveEquationsSpecs.from_si()
    reference = np.full(LAYERS, specs.nondimensionalize(288.0 * _units().degK), np.float32)
    return coordinate_systems.CoordinateSystem(grid, layers), reference, specs


def _units() -> Any:
    from dinosaur import scales

    return scales.units


def _si(specs: Any) -> dict[str, float]:
    """Return what turns the solver's numbers into SI units."""
    unit = _units()
    kinds = {
        "geopotential": unit.meter**2 / unit.second**2, "temperature": unit.degK,
        "u_component_of_wind": unit.meter / unit.second, "v_component_of_wind": unit.meter / unit.second,
        "surface_pressure": unit.pascal,
    }  # fmt: skip
    return {name: float(specs.dimensionalize(1.0, each).magnitude) for name, each in kinds.items()}
