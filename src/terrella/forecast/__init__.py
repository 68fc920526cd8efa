"""From a catalogue of earthquakes to probability maps of the next hours to months.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.forecast.task",
    "judge": "terrella.forecast.task",
    "predict": "terrella.forecast.task",
    "Catalogue": "terrella.formats.catalogues.catalogue",
    "make_catalogue": "terrella.formats.catalogues.catalogue",
    "read_catalogue": "terrella.formats.catalogues.read",
    "write_catalogue": "terrella.formats.catalogues.write",
    "completeness_by_maximum_curvature": "terrella.earth.magnitude",
    "b_value": "terrella.earth.magnitude",
    "Region": "terrella.earth.region",
    "box": "terrella.earth.region",
    "box_around": "terrella.earth.region",
    "Grid": "terrella.earth.grid",
    "make_grid": "terrella.earth.grid",
    "Windows": "terrella.forecast.windows",
    "ForecastSettings": "terrella.forecast.settings",
    "Climatology": "terrella.forecast.baselines.climatology",
    "fit_climatology": "terrella.forecast.baselines.climatology",
    "ReasenbergJones": "terrella.forecast.baselines.reasenberg_jones",
    "fit_reasenberg_jones": "terrella.forecast.baselines.reasenberg_jones",
    "Persistence": "terrella.forecast.baselines.persistence",
    "fit_persistence": "terrella.forecast.baselines.persistence",
    "ETAS": "terrella.forecast.etas.model",
    "fit_etas": "terrella.forecast.etas.fit",
    "make_outlook": "terrella.forecast.simulation.futures",
    "simulate_futures": "terrella.forecast.simulation.futures",
    "simulate_counts": "terrella.forecast.simulation.futures",
    "npp_score": "terrella.forecast.etas.likelihood",
    "ForecastNetwork": "terrella.forecast.learning.network",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
