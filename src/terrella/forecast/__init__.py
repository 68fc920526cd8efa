"""From a catalogue of earthquakes to probability maps of the next hours to months.

The task's table of contents: its public names, each loaded when it is first used.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Catalogue": "terrella.formats.catalogue",
    "make_catalogue": "terrella.formats.catalogue",
    "read_catalogue": "terrella.formats.read",
    "write_catalogue": "terrella.formats.write",
    "ForecastSettings": "terrella.forecast.settings",
    "fit_climatology": "terrella.forecast.climatology",
    "fit_reasenberg_jones": "terrella.forecast.reasenberg_jones",
    "fit_persistence": "terrella.forecast.persistence",
    "ETAS": "terrella.forecast.etas",
    "fit_etas": "terrella.forecast.etas_fit",
    "make_outlook": "terrella.forecast.futures",
    "simulate_futures": "terrella.forecast.futures",
    "simulate_counts": "terrella.forecast.futures",
    "npp_score": "terrella.forecast.etas_likelihood",
    "ForecastNetwork": "terrella.forecast.network",
    "judge_run": "terrella.forecast.judging",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"terrella.forecast has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(_PUBLIC[name]), name)
