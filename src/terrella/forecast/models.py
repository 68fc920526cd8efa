"""All models of a run, fitted: what a bundle holds, and their forecasts side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from terrella.earth.grid import Grid
from terrella.earth.region import Region
from terrella.engine.judge.bootstrap import Interval
from terrella.errors import InputError
from terrella.forecast.baselines.climatology import Climatology
from terrella.forecast.baselines.persistence import Persistence
from terrella.forecast.baselines.reasenberg_jones import ReasenbergJones, Sequences
from terrella.forecast.calibration import Calibration
from terrella.forecast.etas.model import ETAS
from terrella.forecast.features.cell_rates import CellRates, make_cell_rates
from terrella.forecast.features.channels import Maps, features, make_maps
from terrella.forecast.features.observed import observed_counts as counted
from terrella.forecast.features.surroundings import Around, boxes_around, kernels_around
from terrella.forecast.features.sweep import Sources, make_sources, sweep
from terrella.forecast.learning.network import ForecastNetwork
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.windows import inside
from terrella.formats.catalogues.catalogue import Catalogue, Floats

# Names of the models in tables, figures and files, in this order.
ALL_ZERO, CLIMATOLOGY, PERSISTENCE = "all-zero", "climatology", "persistence"
REASENBERG_JONES, ETAS_, NETWORK = "Reasenberg–Jones", "ETAS", "network"
FITTED = (CLIMATOLOGY, PERSISTENCE, REASENBERG_JONES, ETAS_, NETWORK)

_SWEPT_CELLS = 150_000  # issue times × cells that are held at once
_CLASSICAL_CELLS = 1_000_000  # issue times × cells that the classical models answer for at once
_TINY = 1e-12


@dataclass(frozen=True)
class Gain(Interval):
    """Information gain of the network over ETAS on validation, nats per earthquake."""

    @property
    def certain(self) -> bool:
        """Whether even the lower end is above zero: only then does `predict` use the network."""
        return self.low > 0


@dataclass(frozen=True)
class Expectation:
    """What a model expects of cells: log expected counts, and how it changes their log dispersion."""

    log_mean: Tensor
    log_spread: Tensor  # of the same shape, or a single zero

    def at(self, here: tuple[int, Tensor]) -> "Expectation":
        """Return what is expected of some cells (cell,) at one issue time."""
        spread = self.log_spread[here] if self.log_spread.ndim else self.log_spread
        return Expectation(self.log_mean[here], spread)


@dataclass(frozen=True, eq=False)
class Models:
    """The models of one run on one grid; cells are those inside the mask, layer by layer."""

    settings: ForecastSettings
    region: Region
    grid: Grid
    min_magnitude: float
    epoch: np.datetime64
    start_day: float  # since when the catalogue is known
    etas: ETAS
    background: Floats  # (fold, column) events per day; last the map of the whole training window
    fold_limits: Floats
    depth_shares: Floats
    climatology: Climatology
    persistence: Persistence
    reasenberg_jones: ReasenbergJones
    network: nn.Module | None = None  # a ForecastNetwork, or what answers in its place
    by_span: bool = (
        True  # what the network changes: counts between horizons, or until them (earlier versions)
    )
    smooth: bool = True  # whether surroundings are kernels of some km, or boxes of cells (earlier versions)
    calibrations: Mapping[str, tuple[Calibration, ...]] = field(default_factory=dict)  # by horizon
    gains: tuple[Gain, ...] = ()  # by horizon

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """How far ahead the models look."""
        return self.settings.horizons_days

    @property
    def trusted(self) -> int:
        """How many horizons, from the shortest on, are the network's: those before the first uncertain gain."""
        certain = [gain.certain for gain in self.gains] if self.network is not None else []
        return [*certain, False].index(False)

    def used(self, horizon: int) -> str:
        """Return the name of the model that `predict` uses at a horizon.

        Beyond the last horizon where the network's gain is certain, what ETAS expects after it is added: no count
        falls with the horizon.
        """
        if horizon < self.trusted:
            return NETWORK
        days = self.horizons_days[self.trusted - 1]
        return f"{NETWORK} to {days:g} d, then {ETAS_}" if self.trusted else ETAS_


@dataclass(frozen=True, eq=False)
class Forecaster:
    """The models of a run over the events of a catalogue, ready for any issue time."""

    models: Models
    catalogue: Catalogue
    sources: Sources
    rates: CellRates
    device: torch.device

    @cached_property
    def sequences(self) -> Sequences:
        """The mainshocks of the catalogue, for Reasenberg–Jones."""
        return self.models.reasenberg_jones.sequences_of(self.catalogue, self.models.epoch)

    @cached_property
    def around(self) -> Around:
        """What the network sees around cells."""
        grid, widths = self.models.grid, self.models.settings.network.kernels_km
        if not self.models.smooth:
            return boxes_around(grid, self.device)
        return kernels_around(grid, widths, self.device)

    @property
    def cells(self) -> int:
        """Number of cells inside the mask, over all layers."""
        return self.sources.layers * self.sources.n_columns


def known_before(models: Models, catalogue: Catalogue, issue_time: np.datetime64) -> Catalogue:
    """Return the events that forecasts and simulations of a bundle are conditioned on.

    Raises:
        InputError: where there is none.
    """
    before = catalogue.above(models.min_magnitude)
    before = before[before.time_utc < issue_time]
    # The models were fitted to the events of their region alone.
    before = inside(before, models.region)
    if len(before) == 0:
        raise InputError(
            f"{catalogue.name} holds no event of magnitude {models.min_magnitude:g} or more in the bundle's "
            f"region before {str(issue_time)[:19]}Z; give an earlier catalogue or a later --issue-time; "
            "--bundle general serves any region"
        )
    return before


def make_forecaster(models: Models, catalogue: Catalogue, device: torch.device | str = "cpu") -> Forecaster:
    """Return the models over a catalogue."""
    network = models.settings.network
    sources = make_sources(
        catalogue, models.epoch, models.grid, models.etas, network.memory_days, network.band_steps
    )
    rates = make_cell_rates(
        models.etas,
        models.background,
        models.fold_limits,
        models.depth_shares,
        models.horizons_days,
        network.memory_days,
        models.start_day,
        device,
    )
    return Forecaster(models, catalogue, sources, rates, torch.device(device))


def swept_maps(forecaster: Forecaster, issue_days: Floats) -> Iterator[tuple[slice, Maps]]:
    """Yield ETAS and the features of all cells, for batches of ascending issue times and their slices."""
    rates, device = forecaster.rates, forecaster.device
    days = torch.as_tensor(issue_days, dtype=torch.float64, device=device)
    for swept in sweep(forecaster.sources, issue_days, max(1, _SWEPT_CELLS // forecaster.cells)):
        here = slice(swept.first, swept.last)
        triggering, local = (torch.from_numpy(each).to(device) for each in (swept.triggering, swept.local))
        background = rates.background_at(days[here])
        yield here, make_maps(rates, days[here], triggering, local, background, forecaster.around)


def expectations(
    forecaster: Forecaster, issue_days: Floats, horizons: tuple[int, ...]
) -> list[dict[str, Expectation]]:
    """Return every model's expectation (n, cell), before recalibration, for each of several horizons.

    Issue times must ascend; only events before each of them enter.
    """
    learned = etas_and_network(forecaster, issue_days, horizons)
    return [
        classical(forecaster, issue_days, horizon) | by_name
        for horizon, by_name in zip(horizons, learned, strict=True)
    ]


def etas_and_network(
    forecaster: Forecaster, issue_days: Floats, horizons: tuple[int, ...]
) -> list[dict[str, Expectation]]:
    """Return what `expectations` does, of ETAS and of the network where there is one."""
    parts = [each for _, each in swept_expectations(forecaster, issue_days, horizons)]
    return [
        {name: _joined([part[horizon][name] for part in parts]) for name in parts[0][horizon]}
        for horizon in range(len(horizons))
    ]


@torch.no_grad()
def swept_expectations(
    forecaster: Forecaster, issue_days: Floats, horizons: tuple[int, ...]
) -> Iterator[tuple[slice, list[dict[str, Expectation]]]]:
    """Yield what `etas_and_network` returns, for batches of issue times and their slices."""
    for here, maps in swept_maps(forecaster, issue_days):
        found = [
            {ETAS_: Expectation(maps.log_etas[:, horizon].flatten(1).cpu(), torch.zeros(()))}
            for horizon in horizons
        ]
        if forecaster.models.network is not None:
            answers = [each.cpu() for each in _learned(forecaster, maps)]
            for by_name, horizon in zip(found, horizons, strict=True):
                by_name[NETWORK] = Expectation(*(each[:, horizon] for each in answers))
        yield here, found


def _joined(parts: list[Expectation]) -> Expectation:
    spread = parts[0].log_spread
    if spread.ndim:
        spread = torch.cat([each.log_spread for each in parts])
    return Expectation(torch.cat([each.log_mean for each in parts]), spread)


def learned(forecaster: Forecaster, maps: Maps, at: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return the network's log mean and log spread, (cell, horizon) each, of chosen cells (see `features`)."""
    network = forecaster.models.network
    assert network is not None
    network.eval()
    issue, layer, column = at
    if getattr(network, "context", None) is not None:
        assert isinstance(network, ForecastNetwork)
        log_mean, spread = _on_maps(network, maps, forecaster.models.grid)
        return log_mean[issue, layer, column], spread[issue, layer, column]
    log_mean, _, spread = network(features(maps, *at), maps.log_etas[issue, :, layer, column])
    return log_mean, spread


def _on_maps(network: ForecastNetwork, maps: Maps, grid: Grid) -> tuple[Tensor, Tensor]:
    """Return a U-Net's log mean and log spread, (n, layer, column, horizon) each, one map after the other."""
    n, _, layers, columns = maps.log_etas.shape
    device = maps.log_etas.device
    mask = torch.as_tensor(grid.mask, device=device)
    seen = features(maps, *all_cells(maps)).view(n, layers, columns, -1)
    found = []
    for each, log_etas in zip(seen, maps.log_etas.movedim(1, -1), strict=True):
        log_mean, _, spread = network.on_map(each, log_etas, mask, grid.wraps)
        found.append((log_mean, spread))
    means, spreads = zip(*found, strict=True)
    return torch.stack(means), torch.stack(spreads)


def observed_counts(forecaster: Forecaster, issue_days: Floats, horizon: int) -> Tensor:
    """Return what happened in the horizon after each issue time, (n, cell)."""
    days = forecaster.models.horizons_days[horizon : horizon + 1]
    return torch.from_numpy(counted(forecaster.sources, issue_days, days)).flatten(1)


def classical(forecaster: Forecaster, issue_days: Floats, horizon: int) -> dict[str, Expectation]:
    """Return what climatology, persistence and Reasenberg–Jones expect (n, cell)."""
    models, catalogue = forecaster.models, forecaster.catalogue
    days, about = models.horizons_days[horizon], (catalogue, models.grid, models.epoch)
    size = max(1, _CLASSICAL_CELLS // forecaster.cells)
    parts = [
        (
            models.climatology.expected_counts(batch, days),
            models.persistence.expected_counts(batch, days, *about),
            models.reasenberg_jones.expected_counts(batch, days, models.grid, forecaster.sequences),
        )
        for batch in np.split(issue_days, range(size, len(issue_days), size))
    ]
    names = (CLIMATOLOGY, PERSISTENCE, REASENBERG_JONES)
    return {
        name: Expectation(torch.cat([_log(values) for values in each]), torch.zeros(()))
        for name, each in zip(names, zip(*parts, strict=True), strict=True)
    }


def expected_climatology(models: Models, issue_days: Floats, horizon: int) -> dict[str, Expectation]:
    """Return what climatology alone expects (n, cell)."""
    counts = models.climatology.expected_counts(issue_days, models.horizons_days[horizon])
    return {CLIMATOLOGY: Expectation(_log(np.asarray(counts, float)), torch.zeros(()))}


def _log(values: Floats) -> Tensor:
    return torch.log(torch.as_tensor(values) + _TINY).float()


def _learned(forecaster: Forecaster, maps: Maps) -> tuple[Tensor, Tensor]:
    """Return the network's log mean and log spread of all cells, (n, horizon, cell) each."""
    n, horizons = maps.log_etas.shape[:2]
    log_mean, spread = (
        each.view(n, -1, horizons).transpose(1, 2) for each in learned(forecaster, maps, all_cells(maps))
    )
    return log_mean, spread


def all_cells(maps: Maps) -> tuple[Tensor, ...]:
    """Return issue time, layer and column of every cell of maps, (n × layer × column,) each."""
    n, _, layers, columns = maps.log_etas.shape
    sizes = [torch.arange(size, device=maps.log_etas.device) for size in (n, layers, columns)]
    return tuple(each.flatten() for each in torch.meshgrid(*sizes, indexing="ij"))
