"""What the network sees of a cell at an issue time: ETAS, and the cell's own past and its surroundings'.

What happened around it, summed under kernels of several widths, stands beside what ETAS expected of the same time
under the same kernels, so that the network learns how a sequence differs from the average one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.forecast.features.cell_rates import CellRates
from terrella.forecast.features.surroundings import BOXES, RATES, Around
from terrella.forecast.settings import ForecastSettings, NetworkSettings

_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Maps:
    """All cells at a batch of issue times; `features` reads any of them."""

    log_etas: Tensor  # (n, horizon, layer, column), log expected counts
    log_background: Tensor  # (n, layer, column), log events per day
    local: Tensor  # (n, band, memory, layer, column)
    remembered: Tensor  # (n, memory, layer, column)
    summed: Tensor  # (n, channel, column), over all layers: what is summed over surroundings, the rates last
    around: Around


def make_maps(
    rates: CellRates,
    issue_days: Tensor,
    triggering: Tensor,
    local: Tensor,
    background: Tensor,
    around: Around,
) -> Maps:
    """Return the maps at issue times from their memories (see `sweep`).

    `background` (n, column) is the one of each issue time.
    """
    expected = rates.expected(triggering, background)
    remembered = rates.remembered(triggering, background, issue_days)
    rate = torch.stack([expected[:, 0].sum(1), background], dim=1)
    return Maps(
        log_etas=torch.log(expected + _TINY),
        log_background=torch.log(background[:, None] * rates.depth_shares + _TINY),
        local=local,
        remembered=remembered,
        summed=torch.cat([_counts(local.sum(3), remembered.sum(2)), rate], dim=1),
        around=around,
    )


def features(maps: Maps, issue: Tensor, layer: Tensor, column: Tensor) -> Tensor:
    """Return the channels (cell, channel) of chosen cells, given by three indices (cell,) each."""
    area = maps.around.log_area[column, None]
    parts = [
        maps.log_etas[issue, :, layer, column] - area,
        maps.log_background[issue, layer, column, None] - area,
        torch.log1p(maps.local[issue, :, :, layer, column]).flatten(1),
        torch.log1p(maps.remembered[issue, :, layer, column]),
    ]
    for sums in maps.around.at(maps.summed, issue, column):
        parts += [torch.log1p(sums[:, :-RATES]), torch.log(sums[:, -RATES:] + _TINY)]
    return torch.cat(parts, dim=1)


def _counts(local: Tensor, remembered: Tensor) -> Tensor:
    """Return the numbers that are summed around cells, (n, channel, column), from those without layers."""
    few = few_of(local.shape[2])
    return torch.cat([local[:, :2].flatten(1, 2), remembered, local[:, 2:, few].flatten(1, 2)], dim=1)


def channel_count(settings: ForecastSettings, smooth: bool) -> int:
    """Return the number of channels."""
    return len(feature_names(settings, smooth))


def feature_names(settings: ForecastSettings, smooth: bool = True) -> list[str]:
    """Return the channels' names, such as `observed 25 km 30 d`; `smooth` tells kernels from boxes of cells."""
    horizons_days, memory_days = settings.horizons_days, settings.network.memory_days
    bands = len(settings.network.band_steps) + 1  # the moment's band comes on top
    kinds = ["observed", *(f"observed band {band}" for band in range(1, bands - 1)), "moment"]
    names = [f"ETAS {days:g} d" for days in horizons_days] + ["background"]
    names += [f"{kind} {days:g} d" for kind in kinds for days in memory_days]
    names += [f"expected {days:g} d" for days in memory_days]
    few = [memory_days[k] for k in few_of(len(memory_days))]
    sizes = [f"{km:g} km" for km in settings.network.kernels_km] if smooth else [f"{n}×{n}" for n in BOXES]
    for size in sizes:
        names += [f"{kind} {size} {days:g} d" for kind in (*kinds[:2], "expected") for days in memory_days]
        names += [f"{kind} {size} {days:g} d" for kind in kinds[2:] for days in few]
        names += [f"ETAS {size}", f"background {size}"]
    return names


def own_count(horizons: int, network: NetworkSettings) -> int:
    """Return how many channels, the first ones, are the cell's own; the others are sums over its surroundings."""
    bands, memories = len(network.band_steps) + 1, len(network.memory_days)
    return horizons + 1 + (bands + 1) * memories


def few_of(memories: int) -> list[int]:
    """Return every third memory and the last: large events are few, and neighbouring memories alike."""
    return sorted({*range(2, memories, 3), memories - 1})
