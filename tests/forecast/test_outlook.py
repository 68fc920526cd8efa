"""What a forecast says in words: against counts drawn from its own law."""

from types import SimpleNamespace

import numpy as np
import torch

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.forecast import issuing, outlook, prediction
from terrella.forecast.calibration import Calibration
from terrella.forecast.issuing import Issued
from terrella.forecast.models import ETAS_, NETWORK, Expectation
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue

END = np.datetime64("2020-01-01", "us")


def test_probabilities_of_the_region_are_those_of_thinned_counts():
    mean, alpha, beta = np.array([0.4, 0.05, 2.0]), np.array([1.5, 8.0, 0.2]), 2.0
    means = torch.from_numpy(mean)[None]
    issued = Issued(means, means, torch.from_numpy(alpha)[None], (1.0,), ("ETAS",))
    models = SimpleNamespace(etas=SimpleNamespace(beta=beta), min_magnitude=3.0)
    found = outlook.region_probabilities(models, issued, np.array([3.0, 4.0, 5.0]))[:, 0]
    random = np.random.default_rng(0)
    counts = random.poisson(random.gamma(1 / alpha, alpha * mean, (400_000, 3)))
    for step, probability in enumerate(found):
        larger = random.binomial(counts, np.exp(-beta * step)).sum(1)
        assert abs((larger > 0).mean() - probability) < 4 * np.sqrt(probability / len(counts))


def test_a_forecast_is_recalibrated(monkeypatch):
    """log μ = intercept + slope · log μ₀ and log α = log_dispersion + dispersion_slope · log μ, cell by cell."""
    grid = make_grid(box(0, 1, 0, 1), 0.5)
    raw = {ETAS_: np.array([0.4, 0.05, 2.0, 0.001]), NETWORK: np.array([0.3, 0.1, 1.0, 0.002])}
    laws = {
        ETAS_: Calibration(0.3, 0.8, -1.0, -0.4),
        NETWORK: Calibration(-0.2, 1.1, 0.5, 0.1),
    }
    expected = {
        name: Expectation(torch.from_numpy(np.log(m))[None], torch.zeros(())) for name, m in raw.items()
    }
    monkeypatch.setattr(issuing, "etas_and_network", lambda *_: [expected])
    models = SimpleNamespace(
        epoch=np.datetime64("2000-01-01", "us"),
        horizons_days=(1.0,),
        trusted=1,
        used=lambda horizon: NETWORK,
        grid=grid,
        min_magnitude=3.0,
        calibrations={name: (law,) for name, law in laws.items()},
    )
    forecasts = prediction.grid_forecasts(SimpleNamespace(models=models), END)
    for name, found in zip((NETWORK, ETAS_), forecasts, strict=True):
        law = laws[name]
        mean = np.exp(law.intercept) * raw[name] ** law.slope
        alpha = np.exp(law.log_dispersion) * mean**law.dispersion_slope
        np.testing.assert_allclose(found.expected_count.ravel(), mean, rtol=1e-6)
        np.testing.assert_allclose(
            found.probability.ravel(), 1 - (1 + alpha * mean) ** (-1 / alpha), rtol=1e-5
        )


def bundle_and_catalogue(n: int = 8000) -> tuple[SimpleNamespace, Catalogue]:
    """Return models trained until 2010 at two events a day, and a catalogue that goes on like that."""
    rng = np.random.default_rng(3)
    grid = make_grid(box(0, 4, 0, 4), 0.5)
    models = SimpleNamespace(
        epoch=np.datetime64("2000-01-01", "us"),
        fold_limits=np.array([0.0, 3653.0]),
        region=box(0, 4, 0, 4),
        grid=grid,
        min_magnitude=2.5,
        etas=SimpleNamespace(beta=np.log(10)),
        climatology=SimpleNamespace(rate_per_day=np.full(64, 2.0 / 64)),
    )
    days = END - (np.sort(rng.uniform(0, n / 2, n)) * 86_400e6).astype("timedelta64[us]")
    return models, make_catalogue(
        days, *rng.uniform(0, 4, (2, n)), np.round(2.5 + rng.exponential(1 / np.log(10), n), 2)
    )


def test_a_catalogue_like_that_of_the_bundle_fits() -> None:
    models, catalogue = bundle_and_catalogue()
    assert outlook.fit_lines(models, catalogue, END) == []
    # A few events tell nothing of what is missing.
    few = catalogue[catalogue.magnitude > 3.2][-3:].between("2000-01-01", END)
    (line,) = outlook.fit_lines(models, few, END)
    assert "it begins" in line
    assert "M 2.5" not in line


def test_what_does_not_fit_is_said_in_one_line() -> None:
    models, catalogue = bundle_and_catalogue()

    def said(part: Catalogue) -> str:
        (line,) = outlook.fit_lines(models, part, END)
        assert line.startswith("the catalogue does not fit the bundle: ")
        return line

    large = said(catalogue.above(3.0))
    assert "0 of its" in large
    assert "the smallest is M 3)" in large
    thin = said(catalogue[np.arange(len(catalogue)) % 5 == 0])
    assert "events a day since 2015-01-01, 2 in the training" in thin
    assert "it begins 49.7 days before the issue time" in said(catalogue.between("2019-11-12", END))
    west = said(catalogue[catalogue.longitude < 2])
    assert "0.0 to 2.0° E, 0.0 to 4.0° N, where 62 %" in west
    assert "of the bundle's are expected" in west
