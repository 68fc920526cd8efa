"""The network's training set: cells and issue times drawn where there is something to learn.

Nearly all cells are empty on nearly all days. Cells are drawn with a probability that grows with what ETAS
expects, and those where something happened with a larger one; weights of one over the probability keep the
likelihood unbiased (Horvitz & Thompson 1952). One sweep through time tells what ETAS expects, a second one
gathers the features of what was drawn.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.earth.grid import Ints
from terrella.forecast.features.channels import BOXES, box_features
from terrella.forecast.features.neighbourhood import boxed
from terrella.forecast.features.observed import observed_counts
from terrella.forecast.features.sweep import gather
from terrella.forecast.learning.rows import Rows
from terrella.forecast.models import Forecaster, swept_etas
from terrella.formats.catalogues.catalogue import Floats

_GATHERED = 4096  # samples whose memories are held at once


@dataclass(frozen=True)
class Density:
    """With what probability cells are drawn: evenly, by expected event, and where events happened."""

    even: float
    per_event: float
    hit: float

    def of(self, log_expected: Tensor, counts: Tensor, horizons_days: Tensor) -> Tensor:
        """Return probabilities (n, layer, column) for (n, horizon, layer, column).

        An event is in the horizons of as many days as they are long, so that longer ones count less each.
        """
        days = horizons_days.float().view(1, -1, 1, 1)
        expected = (torch.exp(log_expected) / days).mean(1)
        hit = torch.where(counts > 0, self.hit / days.clamp(min=1), 0.0).amax(1)
        return torch.maximum(self.even + self.per_event * expected, hit).clamp(max=1)


@dataclass(frozen=True, eq=False)
class Samples:
    """A source of drawn cells; `read` gives `features`, `log_etas`, `counts` (…, horizon) and `weight`."""

    features: Tensor  # (sample, channel) float16
    log_etas: Tensor  # (sample, horizon)
    counts: Tensor  # (sample, horizon) int32
    weight: Tensor  # (sample,)
    issue: Tensor  # (sample,) index of the issue time, int32
    cell: Tensor  # (sample,) layer × column, int32

    def __len__(self) -> int:
        return len(self.weight)

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the samples of an array of indices."""
        indices = indices.to(self.weight.device)
        return {
            "features": self.features[indices].float(),
            "log_etas": self.log_etas[indices],
            "counts": self.counts[indices].float(),
            "weight": self.weight[indices],
        }


@dataclass(frozen=True, eq=False)
class Fetched:
    """Samples that lie in RAM and are brought to a device batch by batch."""

    samples: Samples
    device: torch.device

    def __len__(self) -> int:
        return len(self.samples)

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the samples of an array of indices."""
        return {name: values.to(self.device) for name, values in self.samples.read(indices).items()}


def density_for(size: int, cells: int, issue_times: int, events: int) -> Density:
    """Return the probabilities that draw about `size` samples: half by what is expected, a quarter evenly."""
    return Density(
        even=min(1.0, size / 4 / max(cells * issue_times, 1)),
        per_event=size / 2 / max(events, 1),
        hit=min(1.0, size / 2 / max(events, 1)),
    )


@torch.no_grad()
def draw_samples(forecaster: Forecaster, issue_days: Floats, size: int, seed: int) -> Samples:
    """Return about `size` samples of ascending issue times."""
    sources, days = forecaster.sources, forecaster.models.horizons_days
    horizons = torch.tensor(days, device=forecaster.device)
    step = float(issue_days[1] - issue_days[0]) if len(issue_days) > 1 else 1.0
    # Events per issue time, as often as they are met in a horizon of a day.
    within = (sources.days >= issue_days[0]) & (sources.days < issue_days[-1]) & (sources.column >= 0)
    density = density_for(size, forecaster.cells, len(issue_days), round(within.sum() / step))
    generator = torch.Generator().manual_seed(seed)
    drawn = Rows()
    for batch, log_etas in swept_etas(forecaster, issue_days):
        counts = torch.from_numpy(observed_counts(sources, issue_days[batch], days)).to(forecaster.device)
        probability = density.of(log_etas, counts, horizons)
        draw = torch.rand(probability.shape, generator=generator).to(probability.device)
        issue, layer, column = (draw < probability).nonzero(as_tuple=True)
        weight = 1 / probability[issue, layer, column]
        drawn.add(issue + batch.start, layer, column, weight, counts[issue, :, layer, column])
    table = drawn.table(4 + len(days))
    issue, layer, column = table[:, :3].int().T
    seen, log_etas = features_at(forecaster, issue_days, issue.numpy(), column.numpy(), layer.numpy())
    cell = layer * sources.n_columns + column
    weight, counts = table[:, 3].float(), table[:, 4:].int()
    return Samples(seen, log_etas, *(each.to(forecaster.device) for each in (counts, weight, issue, cell)))


def features_at(
    forecaster: Forecaster, issue_days: Floats, issue: Ints, column: Ints, layer: Ints
) -> tuple[Tensor, Tensor]:
    """Return the features (sample, channel), as float16, and log ETAS counts (sample, horizon) of cells.

    `issue` (sample,) are ascending indices into the ascending `issue_days`.
    """
    sizes, rates, grid, device = (1, *BOXES), forecaster.rates, forecaster.models.grid, forecaster.device
    # Backgrounds (fold, box, column) of the boxes around each column.
    on_map = torch.zeros(len(rates.background), grid.mask.size, device=device)
    on_map[:, forecaster.columns] = rates.background
    sums = boxed(on_map.view(-1, 1, *grid.mask.shape), sizes, grid.wraps)
    around = torch.cat(sums, dim=1).flatten(2)[..., forecaster.columns]
    seen = log_etas = torch.empty(0, 0)
    for part in gather(forecaster.sources, issue_days, issue, column, sizes, _GATHERED):
        here = slice(part.first, part.last)
        days, columns, layers = (
            torch.as_tensor(each, device=device)
            for each in (issue_days[issue[here]], column[here], layer[here])
        )
        values, expected = box_features(
            rates,
            days,
            # Boxes take the place of columns.
            torch.from_numpy(part.triggering).to(device).transpose(1, 2),
            torch.from_numpy(part.local).to(device).permute(0, 2, 3, 4, 1),
            around[rates.fold_of(days), :, columns],
            layers,
            rates.depth_shares[layers, columns],
        )
        if part.first == 0:  # filled in place: the parts and their whole would take twice the memory
            seen = values.new_empty(len(issue), values.shape[1], dtype=torch.float16)
            log_etas = expected.new_empty(len(issue), expected.shape[1])
        seen[here], log_etas[here] = values.half(), expected
    return seen, log_etas
