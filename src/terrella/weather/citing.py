"""Which methods a run of `weather` used, by the names of their references."""

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.weather.planet.simulate import PLANET
from terrella.weather.settings import WeatherSettings


def cited(run: Run) -> list[str]:
    """Return the names of a run's methods that have references, in the order of their use."""
    settings = load_settings(WeatherSettings, run.settings)
    made = ["simulated planet"] if settings.data.store == PLANET else ["ERA5"]
    return ["mesh network", "weather scores", *made]
