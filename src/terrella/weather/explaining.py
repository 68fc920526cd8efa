"""What each variable, level and place of the start adds to one number of a forecast."""

import numpy as np
import torch
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from terrella.engine.explain.question import Axis, Explanation, Question, Values
from terrella.engine.judge.report import Picture
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.weather.asked import Asked
from terrella.weather.bundle import load_weather
from terrella.weather.data.forcings import forcings_at
from terrella.weather.data.source import normalised
from terrella.weather.data.store import Channel
from terrella.weather.data.variables import known
from terrella.weather.data.windows import PAST
from terrella.weather.layout import Layout
from terrella.weather.use.start import states_before

_MOST_STEPS = 8  # of a roll-out through which gradients go
_SHOWN = 4  # channels


def question(given: str, bundle: str, asked: Asked, report: Report) -> Question:
    """Return what the two states of the start are to one number of a forecast.

    Raises:
        InputError: where bundle or fields are at fault, or hold no such variable, level, start or lead.
    """
    model = load_weather(bundle)
    layout = model.layout
    channel = _channel(layout, asked, bundle)
    steps = _steps(layout, asked)
    past, moment = states_before(given, model, asked.start, report)
    grid = layout.latitude, layout.longitude
    shape = PAST, len(layout.latitude), len(layout.longitude), len(layout.channels)
    inputs = torch.from_numpy(normalised(past.copy(), layout.statistics)).reshape(shape)
    row = int(np.abs(layout.latitude - asked.latitude).argmin())
    east = (layout.longitude - asked.longitude + 180) % 360 - 180
    column = int(np.abs(east).argmin())
    times = moment + np.timedelta64(layout.step_hours, "h") * np.arange(1 - PAST, steps + 1)
    forcings = torch.from_numpy(forcings_at(times, *grid, layout.step_hours, layout.forcings))[None]
    point = row * shape[2] + column
    mean, std = (float(each[channel]) for each in (layout.statistics.mean, layout.statistics.std))

    def answer(network: nn.Module, states: Tensor) -> Tensor:
        seen = states.reshape(len(states), PAST, layout.points, -1)
        found: Tensor = network(seen, forcings.expand(len(states), -1, -1, -1))[-1][:, point, channel]
        return mean + std * found

    def change(network: nn.Module, states: Tensor) -> Tensor:
        return answer(network, states) - mean - std * states[:, -1, row, column, channel]

    variable = known(layout.channels[channel].variable)
    parts, names = _parts(layout, asked.part_deg)
    what = "change of " if asked.of == "change" else ""
    lead = steps * layout.step_hours
    place = f"{layout.latitude[row]:.0f}°N {layout.longitude[column]:.0f}°E"
    return Question(
        title=f"{what}{_name(layout.channels[channel])} at {place}, {lead} h from {str(moment)[:16]}Z",
        unit=variable.unit if variable else "",
        network=model.network,
        answer=change if asked.of == "change" else answer,
        learned=change if asked.of == "value" else None,
        inputs=inputs,
        baseline=torch.zeros_like(inputs),
        baseline_means="the mean state",
        axes=(
            Axis("state", np.array([1 - PAST + k for k in range(PAST)]) * layout.step_hours, "h"),
            Axis("latitude", layout.latitude, "degrees_north"),
            Axis("longitude", layout.longitude, "degrees_east"),
            Axis("channel", np.array([_name(each) for each in layout.channels])),
        ),
        parts=parts,
        names=names,
        scale=torch.ones(1),
        pictures=lambda found: _pictures(found, layout, (row, column)),
        at_once=8,
        said=["of a simulated planet"] if model.simulated else [],
        cites=("mesh network",),
    )


def _channel(layout: Layout, asked: Asked, bundle: str) -> int:
    own = [each.variable for each in layout.channels]
    variable = asked.variable or own[0]
    levels = [each.level for each in layout.channels if each.variable == variable]
    if not levels:
        raise InputError(f"--variable {variable}: {bundle} has {', '.join(dict.fromkeys(own))}")
    level = max(each or 0 for each in levels) or None if asked.level is None else asked.level
    if level not in levels:
        raise InputError(f"--level {level}: {bundle} has {variable} at {', '.join(map(str, levels))} hPa")
    return layout.channels.index(Channel(variable, level))


def _steps(layout: Layout, asked: Asked) -> int:
    hours = asked.lead_hours or layout.step_hours
    steps, rest = divmod(hours, layout.step_hours)
    if rest or not 1 <= steps <= _MOST_STEPS:
        raise InputError(
            f"--lead-hours {hours}: a multiple of {layout.step_hours} up to {_MOST_STEPS * layout.step_hours} "
            "is expected"
        )
    return steps


def _parts(layout: Layout, width: float) -> tuple[Tensor, list[str]]:
    """Return the part of every element: a channel in a block of places, both states together."""
    rows = ((layout.latitude + 90) // width).astype(int)
    columns = (layout.longitude % 360 // width).astype(int)
    across = int(columns.max()) + 1
    number, channels = rows.max() + 1, len(layout.channels)
    block = (rows[:, None] * across + columns) * channels
    parts = np.broadcast_to(block[None, :, :, None] + np.arange(channels), (PAST, *block.shape, channels))
    names = [
        f"{_name(each)}, {int(k * width - 90)} to {int(min((k + 1) * width - 90, 90))}°N "
        f"{int(j * width)} to {int((j + 1) * width)}°E"
        for k in range(number)
        for j in range(across)
        for each in layout.channels
    ]
    return torch.from_numpy(parts.copy()), names


def _name(channel: Channel) -> str:
    name = channel.variable.replace("_component_of_wind", " wind").replace("_", " ")
    return name if channel.level is None else f"{name} {channel.level} hPa"


def _pictures(found: Explanation, layout: Layout, at: tuple[int, int]) -> list[Picture]:
    """Return maps of what each place adds, of the channels that add most."""
    adds: Values = found.values.sum(0)  # (latitude, longitude, channel)
    order = np.argsort(-np.abs(adds).sum((0, 1)), kind="stable")[:_SHOWN]
    figure = Figure(figsize=(11, 6), layout="constrained")
    panels = figure.subplots(2, -(-len(order) // 2), squeeze=False, sharex=True, sharey=True).ravel()
    most = float(np.abs(adds[..., order]).max()) or 1.0
    for axes, k in zip(panels, order, strict=False):
        image = axes.pcolormesh(
            layout.longitude,
            layout.latitude,
            adds[..., k],
            cmap="RdBu_r",
            norm=SymLogNorm(0.02 * most, vmin=-most, vmax=most),
        )
        axes.plot(layout.longitude[at[1]], layout.latitude[at[0]], "s", color="black", fillstyle="none", ms=9)
        axes.set_title(f"{_name(layout.channels[k])}: {adds[..., k].sum():+.3g} in all", fontsize=9)
    for axes in panels[len(order) :]:
        axes.set_visible(False)
    figure.supxlabel("longitude (degrees)")
    figure.supylabel("latitude (degrees)")
    unit = "change, in standard deviations" if found.method == "ascent" else f"adds ({found.question.unit})"
    figure.colorbar(image, ax=list(panels), label=f"{unit}, by place, both states")
    figure.suptitle(found.question.title, fontsize=10)
    return [
        Picture(
            "fields", figure, "What each place adds, for the fields that add most; square: the place asked of.",
            "Maps of what each place adds.",
        )
    ]  # fmt: skip
