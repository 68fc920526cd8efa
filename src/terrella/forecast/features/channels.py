"""What the network sees of a cell at an issue time: ETAS, and the cell's own past and its surroundings'.

Surroundings are boxes of cells of several sizes. What happened in them stands beside what ETAS expected of the
same time, so that the network learns how a sequence differs from the average one.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from terrella.forecast.features.cell_rates import CellRates
from terrella.forecast.features.neighbourhood import boxed
from terrella.forecast.settings import ForecastSettings

BOXES = (3, 5, 9, 17)  # cells on a side
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Maps:
    """All cells at a batch of issue times; `features` reads any of them."""

    log_etas: Tensor  # (n, horizon, layer, column), log expected counts
    log_background: Tensor  # (n, layer, column), log events per day
    local: Tensor  # (n, band, memory, layer, column)
    remembered: Tensor  # (n, memory, layer, column)
    boxes: tuple[Tensor, ...]  # per box (n, channel, column), over all layers


def make_maps(
    rates: CellRates, issue_days: Tensor, triggering: Tensor, local: Tensor, background: Tensor,
    columns: Tensor, map_shape: tuple[int, int], wraps: bool,
) -> Maps:  # fmt: skip
    """Return the maps at issue times from their memories (see `sweep`), on the map's `columns`.

    `background` (n, column) is the one of each issue time.
    """
    expected = rates.expected(triggering, background)
    remembered = rates.remembered(triggering, background, issue_days)
    summed = _summed(local.sum(3), remembered.sum(2), expected[:, 0].sum(1), background)
    n_lat, n_lon = map_shape
    on_map = summed.new_zeros(*summed.shape[:2], n_lat * n_lon)
    on_map[..., columns] = summed
    sums = boxed(on_map.unflatten(-1, (n_lat, n_lon)), BOXES, wraps)
    return Maps(
        log_etas=torch.log(expected + _TINY),
        log_background=torch.log(background[:, None] * rates.depth_shares + _TINY),
        local=local,
        remembered=remembered,
        boxes=tuple(each.flatten(2)[..., columns] for each in sums),
    )


def features(maps: Maps, issue: Tensor, layer: Tensor, column: Tensor) -> Tensor:
    """Return the channels (cell, channel) of chosen cells, given by three indices (cell,) each."""
    return _channels(
        maps.log_etas[issue, :, layer, column],
        maps.log_background[issue, layer, column],
        maps.local[issue, :, :, layer, column],
        maps.remembered[issue, :, layer, column],
        [box[issue, :, column] for box in maps.boxes],
    )


def box_features(
    rates: CellRates, issue_days: Tensor, triggering: Tensor, local: Tensor, background: Tensor,
    layer: Tensor, depth_share: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the channels (n, channel) and log ETAS counts (n, horizon) of one cell for each issue time.

    In place of columns the memories and the background (n, box) hold the cell's own column and each of `BOXES`
    around it; `layer` and `depth_share` (n,) are the cell's.
    """
    whole = replace(rates, depth_shares=torch.ones(1, background.shape[1]))
    expected = whole.expected(triggering, background)[:, :, 0]
    remembered = whole.remembered(triggering, background, issue_days)[:, :, 0]
    summed = _summed(local.sum(3), remembered, expected[:, 0], background)
    n, share = torch.arange(len(issue_days)), depth_share[:, None]
    log_etas = torch.log(expected[..., 0] * share + _TINY)
    channels = _channels(
        log_etas,
        torch.log(background[:, 0] * depth_share + _TINY),
        local[n, :, :, layer, 0],
        remembered[..., 0] * share,
        list(summed[..., 1:].unbind(2)),
    )
    return channels, log_etas


def _summed(local: Tensor, remembered: Tensor, expected: Tensor, background: Tensor) -> Tensor:
    """Return what is summed over boxes, (n, channel, column), from quantities without layers."""
    few = _few(local.shape[2])
    return torch.cat(
        [
            local[:, :2].flatten(1, 2),
            remembered,
            local[:, 2:, few].flatten(1, 2),
            expected[:, None],
            background[:, None],
        ],
        dim=1,
    )


def _channels(
    log_etas: Tensor, log_background: Tensor, local: Tensor, remembered: Tensor, boxes: list[Tensor]
) -> Tensor:
    parts = [log_etas, log_background[:, None], torch.log1p(local).flatten(1), torch.log1p(remembered)]
    for values in boxes:
        parts += [torch.log1p(values[:, :-2]), torch.log(values[:, -2:] + _TINY)]
    return torch.cat(parts, dim=1)


def channel_count(settings: ForecastSettings) -> int:
    """Return the number of channels."""
    network = settings.network
    # The moment's band comes on top.
    return len(feature_names(settings.horizons_days, network.memory_days, len(network.band_steps) + 1))


def feature_names(horizons_days: tuple[float, ...], memory_days: tuple[float, ...], bands: int) -> list[str]:
    """Return the channels' names, such as `observed 9×9 30 d`; the last of the bands is the moment's."""
    kinds = ["observed", *(f"observed band {band}" for band in range(1, bands - 1)), "moment"]
    names = [f"ETAS {days:g} d" for days in horizons_days] + ["background"]
    names += [f"{kind} {days:g} d" for kind in kinds for days in memory_days]
    names += [f"expected {days:g} d" for days in memory_days]
    few = [memory_days[k] for k in _few(len(memory_days))]
    for box in BOXES:
        size = f"{box}×{box}"
        names += [f"{kind} {size} {days:g} d" for kind in (*kinds[:2], "expected") for days in memory_days]
        names += [f"{kind} {size} {days:g} d" for kind in kinds[2:] for days in few]
        names += [f"ETAS {size}", f"background {size}"]
    return names


def _few(memories: int) -> list[int]:
    """Return every third memory and the last: large events are few, and neighbouring memories alike."""
    return sorted({*range(2, memories, 3), memories - 1})
