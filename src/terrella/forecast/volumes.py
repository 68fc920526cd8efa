"""The network's input and target volumes, made from the event list for a whole batch of issue times."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from terrella.forecast.cell_rates import CellRates
from terrella.forecast.past import Past

# Boxes of cells over which observed and expected counts are compared: the sequence, and its surroundings.
_BOXES = (1, 3, 5)
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Volumes:
    """A source of samples, one per issue time; the events are the data set.

    `read` gives `features` (n, channel, layer, latitude, longitude), `log_etas` and `counts`
    (n, horizon, layer, latitude, longitude).
    """

    past: Past
    rates: CellRates
    issue_days: Tensor  # (sample,) float64
    horizons_days: Tensor  # (horizon,) float64
    map_shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.issue_days)

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the samples of an array of indices."""
        issue_days = self.issue_days[indices.to(self.issue_days.device)]
        features, log_etas = self.inputs(issue_days)
        counts = self.past.counts(issue_days, self.horizons_days)
        return {"features": features, "log_etas": log_etas, "counts": self._on_map(counts)}

    def inputs(self, issue_days: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and log ETAS counts at issue times, from the events before them alone."""
        triggering, local = self.past.memories(issue_days)
        background = self.rates.background_at(issue_days)
        log_etas = torch.log(self.rates.expected(triggering, background) + _TINY)
        remembered = self.rates.remembered(triggering, background, issue_days)
        observed, expected = self._on_map(local[:, 0]), self._on_map(remembered)
        channels = [
            self._on_map(log_etas),
            self._on_map(torch.log(background)[:, None, None] + torch.log(self.rates.depth_shares)),
            self._on_map(torch.log1p(local).flatten(1, 2)),
            *(torch.log((_boxed(observed, box) + 1) / (_boxed(expected, box) + 1)) for box in _BOXES),
        ]
        return torch.cat(channels, dim=1), channels[0]

    def log_etas(self, issue_days: Tensor) -> Tensor:
        """Return log expected counts of ETAS at issue times, (n, horizon, layer, latitude, longitude)."""
        triggering, _ = self.past.memories(issue_days)
        expected = self.rates.expected(triggering, self.rates.background_at(issue_days))
        return self._on_map(torch.log(expected + _TINY))

    def _on_map(self, values: Tensor) -> Tensor:
        """Return values (…, column) laid out on the map (…, latitude, longitude), zero outside the region."""
        n_lat, n_lon = self.map_shape
        laid = values.new_zeros(*values.shape[:-1], n_lat * n_lon)
        laid[..., self.past.columns] = values
        return laid.unflatten(-1, (n_lat, n_lon))


def _boxed(values: Tensor, box: int) -> Tensor:
    """Return sums over boxes of box × box cells of the map around each cell."""
    if box == 1:
        return values
    around = box // 2
    padded = functional.pad(values, (around, around, around, around))
    return functional.avg_pool3d(padded, (1, box, box), 1) * box**2
