"""The card of a weather network: what it was trained on, how it does beside baselines, where not to trust it."""

from terrella.engine.judge.document import card_text
from terrella.engine.task import Trained
from terrella.weather.settings import WeatherSettings
from terrella.weather.training import Weather


def make_card(trained: Trained[WeatherSettings, Weather], weather: Weather) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    store, network = weather.store, trained.settings.network
    parameters = sum(each.numel() for each in trained.network.parameters())
    about = [
        f"- task: weather; gives the state {store.step_hours} h later from two states; grid {store.grid}",
        f"- channels: {', '.join(channel.short for channel in store.channels)}",
        f"- mesh of {network.mesh} refinements, {network.steps} rounds of messages, width {network.latent}; "
        f"{parameters:,} parameters",
        f"- loss {trained.loss:.4f} on the dev split; fingerprint {trained.mark}",
    ]
    data = [f"- {store.about['simulated']}: simulated"] if store.simulated else []
    data += [
        f"- {name}: {str(start)[:13]} to {str(end)[:13]}" for name, (start, end) in weather.spans.items()
    ]
    told = [
        f"- stage {each.name}: {each.steps:,} steps of {each.batch} windows, roll-out of {each.rollout}"
        for each in trained.settings.fit.stages
    ]
    limits = _SIMULATED if store.simulated else _LIMITS
    parts = {"": about, "Data": data, "Training": told, "Limits": limits}
    return card_text("Mesh network for weather", parts)


_SIMULATED = (
    "Learned a simulated planet without moisture, seasons, continents and mountains. It says nothing of the",
    "Earth's weather, and no skill on a reanalysis may be claimed from its scores.",
)
_LIMITS = (
    "Sure only of states like those of training: the same grid, variables, levels and source. A squared",
    "error makes forecasts smooth with lead time: extremes are underestimated. It replaces no official warnings.",
)
