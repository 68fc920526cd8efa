"""The task `weather`, as a table of contents: from states of the atmosphere to forecasts of the next ten days."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from terrella.engine import workflow
from terrella.engine.run import Report
from terrella.engine.task import Fed, Made, Opened, Task, Trained
from terrella.weather.bundle import TASK, bundle_tensors
from terrella.weather.card import make_card
from terrella.weather.citing import cited
from terrella.weather.compressing import compression
from terrella.weather.demo import demo_settings
from terrella.weather.explaining import question
from terrella.weather.judging.command import judge_asked
from terrella.weather.settings import WeatherSettings
from terrella.weather.training import Weather, open_weather, stages
from terrella.weather.use.predict import predict_weather


def demo(run: Path, report: Report, seed: int = 0) -> None:
    """Simulate a planet, train a network on it in two stages, and judge its roll-outs, in a run's folder."""
    workflow.train(task, run, demo_settings(seed), report, planned=True)
    judge(run, report=report)


def _open(settings: WeatherSettings, report: Report) -> Opened[Weather]:
    weather = open_weather(settings, report)
    return Opened(weather, (weather.store.mark,))


def _network(settings: WeatherSettings, weather: Weather, fed: Sequence[Fed]) -> nn.Module:
    return weather.layout.network(settings.network)


def _finish(trained: Trained[WeatherSettings, Weather], report: Report) -> Made:
    weather = trained.data
    weather.held.clear()
    values = {
        **weather.layout.plain(),
        "simulated": weather.store.simulated,
        "data_mark": weather.store.mark,
        "dev_loss": trained.loss,
    }
    card = make_card(trained, weather)
    said = (
        f"loss on dev {trained.loss:.4f} in the last stage, in units of the variance of a step's differences"
    )
    return Made(bundle_tensors(trained.network, weather.layout), values, card, [said])


task = Task(
    name=TASK,
    settings=WeatherSettings,
    open=_open,
    stages=stages,
    network=_network,
    finish=_finish,
    judge=judge_asked,
    predict=predict_weather,
    demo=demo,
    cites=cited,
    question=question,
    compression=compression,
)
train, judge, predict = workflow.verbs(task)
