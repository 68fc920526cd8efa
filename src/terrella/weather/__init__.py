"""Weather: states of the atmosphere in, forecasts of the next ten days out.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.weather.task",
    "judge": "terrella.weather.task",
    "predict": "terrella.weather.task",
    "WeatherSettings": "terrella.weather.settings",
    "convert": "terrella.weather.data.convert",
    "Wanted": "terrella.weather.data.convert",
    "open_store": "terrella.weather.data.store",
    "Store": "terrella.weather.data.store",
    "simulate": "terrella.weather.planet.simulate",
    "weather_network": "terrella.weather.model.network",
    "WeatherModel": "terrella.weather.bundle",
    "load_weather": "terrella.weather.bundle",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
