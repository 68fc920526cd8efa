"""The training of a mesh network in stages, for the plan and for the fit."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch, Source
from terrella.engine.fit import Stage
from terrella.engine.plan.step import Step, rolled
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.run import Report
from terrella.engine.task import Fed, StageSpec
from terrella.errors import InputError
from terrella.weather.data.source import HeldWindows, held_windows, streamed_windows
from terrella.weather.data.statistics import from_files
from terrella.weather.data.store import Store, open_store
from terrella.weather.data.windows import PAST, split_times, windows_within
from terrella.weather.layout import Layout, layout_of_store, planned_planet
from terrella.weather.learning.loss import WeatherLoss
from terrella.weather.learning.optimiser import OPTIMISERS
from terrella.weather.learning.settings import StageSettings
from terrella.weather.learning.weights import area_weights, channel_weights
from terrella.weather.planet.simulate import PLANET, cached_planet
from terrella.weather.settings import WeatherSettings

Span = tuple[np.datetime64, np.datetime64]
_CHECKED = 64  # windows that are validated after each epoch, evenly spread


@dataclass(eq=False)
class Weather:
    """An open store with its splits."""

    store: Store
    spans: Mapping[str, Span]
    layout: Layout
    held: dict[tuple[str, bool], HeldWindows] = field(
        default_factory=dict
    )  # by split; stages share the states

    def windows(self, split: str, length: int) -> npt.NDArray[np.int64]:
        """Return the first states of the windows of a split."""
        return windows_within(self.store.times, self.spans[split], self.store.step_hours, length)


def open_weather(settings: WeatherSettings, report: Report) -> Weather:
    """Return the store that the settings name, with its splits; a planet is simulated where it has to be.

    Raises:
        InputError: where the store, a variable, a level or a split is not there.
    """
    data = settings.data
    path = cached_planet(data.days, data.members, report) if data.store == PLANET else Path(data.store)
    store = open_store(path).chosen(data.variables, data.levels)
    if data.statistics is not None:
        names = [(channel.variable, channel.level) for channel in store.channels]
        store = replace(store, statistics=from_files(Path(data.statistics), names), kept=OrderedDict())
    spans = split_times(store.times, data.shares, data.dev_from, data.test_from, path)
    return Weather(store, spans, layout_of_store(store, data.forcings))


def stages(settings: WeatherSettings, weather: Weather | None, samples: int | None) -> list[StageSpec]:
    """Return the stages of a training; `samples` replaces the number of windows in an epoch.

    Raises:
        InputError: where the store is at fault, or a stage finds no window that is long enough.
    """
    for each in settings.fit.stages:
        if each.loss == "crps" and not settings.network.noise:
            raise InputError(
                f"the stage {each.name} trains two members, which differ by noise, and the network has none; set "
                "network.noise, as to 16"
            )
    return [_spec(settings, each, weather, samples) for each in settings.fit.stages]


def stage_step(settings: WeatherSettings, layout: Layout, stage: StageSettings, batch: int) -> Step:
    """Return the training step of a stage."""

    def make_rolled(size: int, rollout: int) -> Batch:
        points, channels, known = layout.points, len(layout.channels), layout.seen_forcings
        return {
            "past": torch.randn(size, PAST, points, channels),
            "future": torch.randn(size, rollout, points, channels),
            "forcings": torch.randn(size, PAST + rollout, points, known),
        }

    step = Step(
        make_network=lambda: layout.network(settings.network),
        make_batch=partial(make_rolled, rollout=stage.rollout),
        loss=_loss(layout, settings.network.noise if stage.loss == "crps" else 0),
        batch=batch,
        accumulation=settings.fit.accumulation,
        precision=settings.fit.precision,
        make_optimiser=OPTIMISERS[settings.fit.optimiser],
        make_rolled=make_rolled,
    )
    return rolled(step, stage.rollout)


def _spec(
    settings: WeatherSettings, stage: StageSettings, weather: Weather | None, samples: int | None
) -> StageSpec:
    layout, windows, (frames, checked), place = _sizes(settings, stage, weather)
    wanted = stage.steps * stage.batch
    epoch = samples or min(windows, wanted)
    epochs = max(1, round(wanted / epoch))
    frame_bytes = 4 * layout.points * (len(layout.channels) + layout.seen_forcings)
    need = Need(
        name=stage.name,
        step=stage_step(settings, layout, stage, min(stage.batch, epoch)),
        samples=epoch,
        epochs=epochs,
        sharded=settings.fit.sharded,
        data_bytes=frames * frame_bytes,
        stored_bytes=frames * frame_bytes,
        placements=("resident", "preloaded", "streamed"),
        place=place,
        precisions=("float32", "bfloat16") if settings.fit.precision == "float32" else ("bfloat16",),
        rollout=stage.rollout,
        held_by_others=checked * frame_bytes,
    )
    shaped = Stage(
        stage.name, epochs, stage.learning_rate, warmup_steps=stage.warmup, schedule=stage.schedule,
        weight_decay=stage.weight_decay, averaging=settings.fit.averaging, clip=stage.clip,
    )  # fmt: skip

    def fed(placement: Placement | None) -> Fed:
        assert weather is not None  # a plan feeds nothing
        return _fed(settings, stage, weather, placement or "preloaded", epoch)

    return StageSpec(need, shaped, fed)


def _sizes(
    settings: WeatherSettings, stage: StageSettings, weather: Weather | None
) -> tuple[Layout, int, tuple[int, int], Path | None]:
    """Return the layout, how many windows the training has, how many states it and dev have, and where they lie."""
    data, length = settings.data, PAST + stage.rollout
    if weather is None and data.store != PLANET:
        weather = open_weather(settings, lambda event: None)  # its axes alone are read
    if weather is None:
        layout = planned_planet()
        each = data.days * 24 // layout.step_hours
        share, dev = (data.shares[number] / sum(data.shares) * data.members for number in (0, 1))
        return layout, max(1, int(share * (each - length + 1))), (int(share * each), int(dev * each)), None
    windows = weather.windows("train", length)
    if len(windows) == 0:
        raise InputError(
            f"the stage {stage.name} needs {length} states that follow each other in the training's time, and "
            "there are none; lower its rollout, or train on more"
        )
    frames, checked = (len(weather.windows(split, 1)) for split in ("train", "dev"))
    return weather.layout, len(windows), (frames, checked), weather.store.path.resolve()


def _fed(
    settings: WeatherSettings, stage: StageSettings, weather: Weather, placement: Placement, samples: int
) -> Fed:
    """Return the windows of a stage, laid as planned; both stages of a kind share the states."""
    length = PAST + stage.rollout
    learned = weather.windows("train", length)
    if samples < len(learned):  # a stage that sees a part of them only, drawn once
        drawn = np.random.default_rng(settings.fit.seed).choice(learned, samples, replace=False)
        learned = np.sort(drawn)
    checked = weather.windows("dev", length)
    if len(checked) == 0:
        raise InputError(
            f"the stage {stage.name} needs {length} states that follow each other in the time of dev, and there "
            "are none; lower its rollout, or choose data.dev_from and data.test_from"
        )
    checked = checked[np.unique(np.linspace(0, len(checked) - 1, _CHECKED).astype(int))]
    device = choose_device(settings.fit.device)
    return Fed(
        _windows(weather, "train", learned, stage.rollout, placement, device),
        _windows(weather, "dev", checked, stage.rollout, placement, device),
        checked_at_once=max(1, stage.batch // settings.fit.accumulation),
    )


def _windows(
    weather: Weather,
    split: str,
    first: npt.NDArray[np.int64],
    rollout: int,
    placement: Placement,
    device: torch.device,
) -> Source:
    layout, store = weather.layout, weather.store
    if placement == "streamed":
        return streamed_windows(store, first, rollout, layout.forcings, device)
    resident = placement == "resident"
    found = weather.held.get((split, resident))
    if found is None:
        every = weather.windows(split, 1)
        found = held_windows(store, every, 1 - PAST, layout.forcings, device, resident)
        weather.held[split, resident] = found
    low = int(weather.windows(split, 1)[0])
    return replace(found, first=torch.from_numpy(first - low).to(found.first.device), rollout=rollout)


def _loss(layout: Layout, noise: int) -> WeatherLoss:
    weights = channel_weights([(each.variable, each.level) for each in layout.channels])
    arrays = (
        area_weights(layout.latitude, len(layout.longitude)),
        weights,
        layout.statistics.difference_scale,
    )
    area, channel, scale = (torch.tensor(each, dtype=torch.float32) for each in arrays)
    return WeatherLoss(area, channel, scale, noise)
