"""The cells that recalibration draws: all events, a weighted share of the rest, each at its place."""

from pathlib import Path

import numpy as np
import torch

from terrella.engine.use.bundle import load_bundle
from terrella.forecast.learning.recalibration import draw_cells
from terrella.forecast.models import ETAS_, make_forecaster, observed_counts, swept_maps
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.read import read_catalogue

BEFORE = Path(__file__).parents[1] / "data/before/forecast"
MODELS = from_bundle(load_bundle(BEFORE / "finished", "forecast"))
CATALOGUE = read_catalogue(BEFORE / "catalogue.csv.gz")[0].above(MODELS.min_magnitude)


def test_drawn_cells_hold_all_events_and_say_where_they_lie():
    forecaster, horizon = make_forecaster(MODELS, CATALOGUE), 1
    issue = np.arange(1500.0, 2900.0, 2)
    drawn = draw_cells(forecaster, issue, horizon, 2000, baselines=False)
    counts = observed_counts(forecaster, issue, horizon)
    torch.testing.assert_close(drawn.counts, counts[drawn.issue, drawn.cell].float())
    assert drawn.counts.sum() == counts.sum() > 0
    etas = torch.cat([maps.log_etas[:, horizon].flatten(1) for _, maps in swept_maps(forecaster, issue)])
    torch.testing.assert_close(drawn.expected[ETAS_].log_mean, etas[drawn.issue, drawn.cell])
    assert len(drawn.issue) < counts.numel() / 2
    assert abs(drawn.weight.sum() / counts.numel() - 1) < 0.15
