"""The physics-informed network: log ETAS plus a learned residual, cell by cell or over whole maps."""

from collections.abc import Mapping
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from terrella.forecast.counts import dispersion_of, negative_log_likelihood
from terrella.forecast.features.channels import own_count
from terrella.forecast.settings import NetworkSettings
from terrella.nets.unet import UNet

_CLIP = 8.0  # standard deviations beyond which a feature tells no more
EMPTY = -20.0  # log counts of cells that are not there
_LEAST_GROWTH = 1e-6  # of the logarithm of ETAS's counts from a horizon to the next


class ForecastNetwork(nn.Module):
    """A perceptron over a cell and its surroundings, whose answer is added to the logarithm of ETAS's counts.

    Its last layer starts at zero, so that an untrained network is ETAS; the change of the log rate is limited
    to ± `residual_limit`. It also says where counts vary more or less than their mean would tell.

    What it changes is ETAS's rate in each of the spans between the ascending horizons, and counts are sums over
    them: none can fall with the horizon. Networks of earlier versions changed the counts of each horizon
    (`by_span` false).

    Of the kind `unet` it takes maps in place of cells: the perceptron makes what it knows of each cell alone, a 3-D
    U-Net (Çiçek et al. 2016) over depth, latitude and longitude adds what it sees around, of the cells' own
    channels, and the last layer takes both. Where there is one layer of depth, the U-Net is flat. Cells that are
    not there have features of NaN.

    Parameters
    ----------
    channels : int
        Of the features (sample, channel), or (map, layer, latitude, longitude, channel).
    horizons : int
        How many horizons, each of some days, it answers for: residuals and spreads (…, horizon).
    settings : NetworkSettings
        Widths of the hidden layers and the U-Net's levels, and the limit of the residual.
    by_span : bool
        Whether spans between horizons are changed, or horizons.
    layers : int
        Of depth.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(
        self, channels: int, horizons: int, settings: NetworkSettings, by_span: bool = True, layers: int = 1
    ) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for size, width in pairwise((channels, *settings.hidden)):
            parts += [nn.Linear(size, width), nn.SiLU()]
        self.body = nn.Sequential(*parts)
        known = (channels, *settings.hidden)[-1]
        self.own = own_count(horizons, settings)
        self.context = _Context(self.own, settings.widths, layers) if settings.kind == "unet" else None
        self.head = nn.Linear(known + (settings.widths[0] if self.context is not None else 0), 2 * horizons)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.limit = settings.residual_limit
        self.by_span = by_span
        # Per span or horizon: log μ = intercept + slope · log ETAS + residual.
        self.scale = nn.Parameter(torch.tensor([[0.0, 1.0]]).repeat(horizons, 1))
        # Per horizon: logarithm of the dispersion at one expected event, and its slope (see Calibration).
        self.dispersion = nn.Parameter(torch.tensor([[0.0, -0.3]]).repeat(horizons, 1))
        self.register_buffer("feature_mean", torch.zeros(channels))
        self.register_buffer("feature_scale", torch.ones(channels))

    def forward(self, features: Tensor, log_etas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log expected counts, their dispersion and what of its logarithm the features changed.

        All are (…, horizon).
        """
        standard = self._standard(features)
        if self.context is None:
            return self._answer(self.body(standard), log_etas)
        there = ~standard[..., :1].isnan()
        standard = standard.nan_to_num(0.0)
        around = self.context(standard[..., : self.own], there)
        return self._answer(torch.cat([self.body(standard), around], dim=-1), log_etas)

    def on_map(
        self, features: Tensor, log_etas: Tensor, mask: Tensor, wraps: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `forward` does of all cells of a map at once, (layer, column, horizon).

        `features` (layer, column, channel) and `log_etas` (layer, column, horizon) are those of the columns of a
        mask (latitude, longitude), which may go around the globe.
        """
        standard = self._standard(features)
        seen = self.body(standard)
        if self.context is not None:
            seen = torch.cat([seen, self.context.on_map(standard[..., : self.own], mask, wraps)], dim=-1)
        return self._answer(seen, log_etas)

    def _standard(self, features: Tensor) -> Tensor:
        return ((features - self.feature_mean) / self.feature_scale).clamp(-_CLIP, _CLIP)

    def _answer(self, seen: Tensor, log_etas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        residual, spread = self.head(seen).chunk(2, dim=-1)
        intercept, slope = self.scale.unbind(1)
        residual = self.limit * torch.tanh(residual / self.limit)
        log_mean = intercept + slope * (between(log_etas) if self.by_span else log_etas) + residual
        if self.by_span:
            log_mean = torch.stack([*accumulate(log_mean.unbind(-1), torch.logaddexp)], dim=-1)
        spread = self.limit * torch.tanh(spread / self.limit)
        level, level_slope = self.dispersion.unbind(1)
        return log_mean, dispersion_of(log_mean, level, level_slope, spread), spread

    @torch.no_grad()
    def standardise(self, features: Tensor) -> None:
        """Take mean and scale of each channel from samples (…, channel) of any precision; NaN does not count."""
        for channel in range(features.shape[-1]):  # one by one: no copy of the whole table
            values = features[..., channel].float()
            values = values[~values.isnan()]
            self.feature_mean[channel] = values.mean()
            self.feature_scale[channel] = values.std().clamp(min=1e-3)


class _Context(nn.Module):
    """A U-Net over maps (map, layer, latitude, longitude, channel), whose convolutions are flat for one layer.

    Once trained, it answers the mean of what it sees on the map and on the map turned by half a circle.
    """

    def __init__(self, channels: int, widths: tuple[int, ...], layers: int) -> None:
        super().__init__()
        self.flat = layers == 1
        self.reduce = nn.Linear(channels, widths[0])
        self.unet = UNet(widths[0], widths[0], widths, dims=2 if self.flat else 3)

    @property
    def reach(self) -> int:
        """How many cells an output sees to each side, at most, as a multiple of what the levels are aligned to."""
        return -(-self.unet.radius // self.unet.multiple) * self.unet.multiple

    def forward(self, seen: Tensor, there: Tensor) -> Tensor:
        """Return channels as many as the first level has; where a cell is not there nothing is seen."""
        return self._around(self.reduce(seen) * there)

    def on_map(self, seen: Tensor, mask: Tensor, wraps: bool) -> Tensor:
        """Return the same of the columns of a mask, (layer, column, channel).

        No output sees where the map ends: beyond it is nothing, or around the globe the other end.
        """
        n_lat, n_lon, more = *mask.shape, self.reach
        reduced = self.reduce(seen)
        volume = reduced.new_zeros(len(seen), n_lat + 2 * more, n_lon + 2 * more, reduced.shape[-1])
        rows, columns = slice(more, more + n_lat), slice(more, more + n_lon)
        own = volume[:, rows, columns]
        own[:, mask] = reduced
        if wraps:
            turn = torch.arange(-more, n_lon + more, device=mask.device) % n_lon
            volume[:, rows] = own[:, :, turn]
        return self._around(volume[None])[0, :, rows, columns][:, mask]

    def _around(self, reduced: Tensor) -> Tensor:
        volume = reduced.movedim(-1, 1)
        volume = volume[:, :, 0] if self.flat else volume
        found: Tensor = self.unet(volume)
        if not self.training:  # in training crops are turned at random
            found = (found + self.unet(volume.flip(-2, -1)).flip(-2, -1)) / 2
        return (found[:, :, None] if self.flat else found).movedim(1, -1)


def between(log_counts: Tensor) -> Tensor:
    """Return the logarithms of the counts between horizons from those until them, (…, horizon) both."""
    growth = (log_counts[..., 1:] - log_counts[..., :-1]).clamp(min=_LEAST_GROWTH)
    return torch.cat([log_counts[..., :1], log_counts[..., 1:] + torch.log(-torch.expm1(-growth))], dim=-1)


def count_loss(network: nn.Module, batch: Mapping[str, Tensor], per_sample: Tensor) -> Tensor:
    """Return the negative log-likelihood of the counts, averaged over horizons, in nats per event.

    `per_sample` (horizon,) is the mean weighted number of events of a sample: dividing by it weighs horizons
    alike.
    """
    log_mean, dispersion, _ = network(batch["features"], batch["log_etas"])
    loss = negative_log_likelihood(batch["counts"], log_mean, dispersion)
    return ((loss * batch["weight"][..., None]).flatten(0, -2).mean(0) / per_sample).mean()
