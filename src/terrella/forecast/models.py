"""All models of a run, fitted: what a bundle holds, and their forecasts side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from terrella.earth.grid import Grid
from terrella.earth.region import Region
from terrella.forecast.cell_rates import make_cell_rates
from terrella.forecast.climatology import Climatology
from terrella.forecast.counts import Calibration
from terrella.forecast.etas import ETAS
from terrella.forecast.network import ForecastNetwork
from terrella.forecast.past import make_past
from terrella.forecast.persistence import Persistence
from terrella.forecast.reasenberg_jones import ReasenbergJones
from terrella.forecast.settings import ForecastSettings
from terrella.forecast.volumes import Volumes
from terrella.formats.catalogue import Catalogue, Floats

# Names of the models in tables, figures and files, in this order.
ALL_ZERO, CLIMATOLOGY, PERSISTENCE = "all-zero", "climatology", "persistence"
REASENBERG_JONES, ETAS_, NETWORK = "Reasenberg–Jones", "ETAS", "network"
FITTED = (CLIMATOLOGY, PERSISTENCE, REASENBERG_JONES, ETAS_, NETWORK)

_BATCH = 32
_TINY = 1e-12


@dataclass(frozen=True)
class Gain:
    """Information gain of the network over ETAS on validation, nats per earthquake, with a 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether even the lower end is above zero: only then does `predict` use the network."""
        return self.low > 0


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
    network: ForecastNetwork | None = None
    calibrations: Mapping[str, tuple[Calibration, ...]] = field(default_factory=dict)  # by horizon
    gains: tuple[Gain, ...] = ()  # by horizon

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """How far ahead the models look."""
        return self.settings.horizons_days

    def best(self, horizon: int) -> str:
        """Return the model that `predict` uses at a horizon: the network where its gain is certain."""
        certain = self.network is not None and len(self.gains) > horizon and self.gains[horizon].certain
        return NETWORK if certain else ETAS_


@dataclass(frozen=True, eq=False)
class Forecaster:
    """The models of a run over the events of a catalogue, ready for any issue time."""

    models: Models
    catalogue: Catalogue
    volumes: Volumes


def make_forecaster(models: Models, catalogue: Catalogue, device: torch.device | str = "cpu") -> Forecaster:
    """Return the models over a catalogue; its volumes hold no issue times yet."""
    network = models.settings.network
    past = make_past(
        catalogue, models.epoch, models.grid, models.etas, network.memory_days, network.band_steps, device
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
    volumes = Volumes(
        past=past,
        rates=rates,
        issue_days=torch.zeros(0, dtype=torch.float64, device=device),
        horizons_days=torch.tensor(models.horizons_days, dtype=torch.float64, device=device),
        map_shape=models.grid.mask.shape,
    )
    return Forecaster(models, catalogue, volumes)


@torch.no_grad()
def log_means(forecaster: Forecaster, issue_days: Floats, horizon: int) -> dict[str, Tensor]:
    """Return every model's log expected counts (n, cell) as it was fitted, before recalibration.

    Only events before each issue time enter.
    """
    models, catalogue, volumes = forecaster.models, forecaster.catalogue, forecaster.volumes
    days = models.horizons_days[horizon]
    about = (catalogue, models.grid, models.epoch)
    counts = {
        CLIMATOLOGY: models.climatology.expected_counts(issue_days, days),
        PERSISTENCE: models.persistence.expected_counts(issue_days, days, *about),
        REASENBERG_JONES: models.reasenberg_jones.expected_counts(issue_days, days, *about),
    }
    found = {name: torch.log(torch.as_tensor(values) + _TINY) for name, values in counts.items()}
    columns = volumes.past.columns
    etas, network = [], []
    if models.network is not None:
        models.network.eval()
    for batch in torch.as_tensor(issue_days, dtype=torch.float64).split(_BATCH):
        batch = batch.to(columns.device)
        if models.network is None:
            etas.append(_cells(volumes.log_etas(batch)[:, horizon], columns))
            continue
        features, log_etas = volumes.inputs(batch)
        etas.append(_cells(log_etas[:, horizon], columns))
        log_mean, _ = models.network(features, log_etas)
        network.append(_cells(log_mean[:, horizon], columns))
    found[ETAS_] = torch.cat(etas)
    if network:
        found[NETWORK] = torch.cat(network)
    return found


def observed_counts(forecaster: Forecaster, issue_days: Floats, horizon: int) -> Tensor:
    """Return what happened in the horizon after each issue time, (n, cell)."""
    past, horizons = forecaster.volumes.past, forecaster.volumes.horizons_days[horizon : horizon + 1]
    counts = [
        past.counts(batch.to(horizons.device), horizons).flatten(1).cpu()
        for batch in torch.as_tensor(issue_days, dtype=torch.float64).split(_BATCH)
    ]
    return torch.cat(counts)


def _cells(on_map: Tensor, columns: Tensor) -> Tensor:
    """Return the cells inside the mask (n, layer × column) of volumes (n, layer, latitude, longitude)."""
    return on_map.flatten(2)[..., columns].flatten(1).cpu()
