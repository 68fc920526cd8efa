"""The network's training set: cells and issue times drawn where there is something to learn.

Nearly all cells are empty on nearly all days. Cells are drawn with a probability that grows with what ETAS
expects, and those where something happened with a larger one; weights of one over the probability keep the
likelihood unbiased (Horvitz & Thompson 1952). One sweep through time makes the maps of each issue time, on which
the cells are drawn, and keeps the features of these.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from terrella.forecast.features.channels import channel_count, features
from terrella.forecast.features.observed import observed_counts
from terrella.forecast.learning.rows import Rows
from terrella.forecast.models import Forecaster, swept_maps
from terrella.formats.catalogues.catalogue import Floats


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
    drawn, seen = Rows(), Rows(torch.float16)
    for batch, maps in swept_maps(forecaster, issue_days):
        counts = torch.from_numpy(observed_counts(sources, issue_days[batch], days)).to(forecaster.device)
        probability = density.of(maps.log_etas, counts, horizons)
        draw = torch.rand(probability.shape, generator=generator).to(probability.device)
        issue, layer, column = at = (draw < probability).nonzero(as_tuple=True)
        cell = layer * sources.n_columns + column
        of_horizons = (values[issue, :, layer, column] for values in (counts, maps.log_etas))
        drawn.add(issue + batch.start, cell, 1 / probability[at], *of_horizons)
        seen.add(features(maps, *at))
    number = len(days)
    table = drawn.table(3 + 2 * number).to(forecaster.device)
    issue, cell = table[:, :2].int().T
    return Samples(
        features=seen.table(channel_count(forecaster.models.settings, forecaster.models.smooth)).to(
            table.device
        ),
        log_etas=table[:, 3 + number :].float(),
        counts=table[:, 3 : 3 + number].int(),
        weight=table[:, 2].float(),
        issue=issue,
        cell=cell,
    )
