"""The variables that are known: names in WeatherBench 2, GRIB and CDS files, units, what their values can be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

GRAVITY = 9.80665  # m/s², of the geopotential


@dataclass(frozen=True)
class Variable:
    """A variable as WeatherBench 2 names it.

    `mean` holds the smallest and largest mean over the globe, in `unit`; `others` units that files have too, with
    the factor and offset that turn them into `unit`.
    """

    name: str
    aliases: tuple[str, ...]
    unit: str
    mean: tuple[float, float]
    levels: bool = True
    others: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    spellings: tuple[str, ...] = ()  # of `unit`


_CELSIUS = {"degC": (1.0, 273.15)}
_HECTOPASCAL = {"hPa": (100.0, 0.0)}
_KELVIN = ("K", "kelvin", "degK")
_SPEED = ("m s**-1", "m s-1", "m/s")
_PASCAL = ("Pa", "pascal")

VARIABLES = (
    Variable(
        "geopotential", ("z",), "m**2 s**-2", (-2e4, 6e5), True, {"m": (GRAVITY, 0.0)}, ("m2 s-2", "m^2/s^2")
    ),
    Variable("temperature", ("t",), "K", (150, 330), True, _CELSIUS, _KELVIN),
    Variable("u_component_of_wind", ("u",), "m s**-1", (-60, 60), True, {}, _SPEED),
    Variable("v_component_of_wind", ("v",), "m s**-1", (-20, 20), True, {}, _SPEED),
    Variable("vertical_velocity", ("w",), "Pa s**-1", (-1, 1), True, {}, ("Pa/s", "Pa s-1")),
    Variable(
        "specific_humidity",
        ("q",),
        "kg kg**-1",
        (-1e-4, 0.03),
        True,
        {"g kg**-1": (1e-3, 0.0)},
        ("kg kg-1", "kg/kg", "1"),
    ),
    Variable("2m_temperature", ("t2m", "2t"), "K", (180, 330), False, _CELSIUS, _KELVIN),
    Variable("10m_u_component_of_wind", ("u10", "10u"), "m s**-1", (-20, 20), False, {}, _SPEED),
    Variable("10m_v_component_of_wind", ("v10", "10v"), "m s**-1", (-20, 20), False, {}, _SPEED),
    Variable("mean_sea_level_pressure", ("msl",), "Pa", (9e4, 1.1e5), False, _HECTOPASCAL, _PASCAL),
    Variable("surface_pressure", ("sp",), "Pa", (8e4, 1.1e5), False, _HECTOPASCAL, _PASCAL),
    Variable("sea_surface_temperature", ("sst",), "K", (270, 310), False, _CELSIUS, _KELVIN),
    Variable(
        "total_column_water_vapour", ("tcwv",), "kg m**-2", (5, 60), False, {}, ("kg m-2", "kg/m2", "mm")
    ),
    Variable("total_precipitation_6hr", ("tp06",), "m", (-1e-6, 0.005), False, {"mm": (1e-3, 0.0)}),
)
STATIC = (
    Variable(
        "geopotential_at_surface", ("z_sfc", "orog", "zs"), "m**2 s**-2", (500, 8000), False,
        {"m": (GRAVITY, 0.0)}, ("m2 s-2", "m^2/s^2"),
    ),
    Variable("land_sea_mask", ("lsm",), "(0 - 1)", (0.05, 0.95), False, {}, ("1", "dimensionless", "")),
)  # fmt: skip

_BY_NAME = {name: each for each in (*VARIABLES, *STATIC) for name in (each.name, *each.aliases)}
SHORT = {each.name: each.aliases[0].upper() for each in VARIABLES}


def known(name: str) -> Variable | None:
    """Return the variable of a name or an alias."""
    return _BY_NAME.get(name)


def canonical(name: str, dims: tuple[str, ...]) -> str:
    """Return the name of WeatherBench 2 for a file's; `z` without levels or time is that of the surface."""
    found = known(name)
    if name == "z" and "level" not in dims:
        return "geopotential_at_surface"
    return found.name if found else name


def short_name(variable: str, level: int | None) -> str:
    """Return what tables and figures call a channel, such as Z500."""
    short = SHORT.get(variable, variable)
    return short if level is None else f"{short}{level}"
