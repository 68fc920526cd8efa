"""EarthquakeNPP's published ETAS: its parameters by their names, and its scores on California."""

import json

import numpy as np
import pytest

from _npp import from_log10, npp_poisson_score
from terrella.earth.region import Region
from terrella.forecast.etas.likelihood import npp_score
from terrella.formats.catalogues.read import read_catalogue


def test_parameters_by_their_published_names():
    model = from_log10(
        {
            "log10_mu": -6.0, "log10_iota": None, "log10_k0": -2.5, "a": 1.5, "log10_c": -2.0, "omega": -0.06,
            "log10_tau": 3.5, "log10_d": -0.8, "gamma": 1.0, "rho": 0.5,
        },
        2.5,
        2.1,
    )  # fmt: skip
    assert model.k0 == pytest.approx(10**-2.5)
    assert model.tau_days == pytest.approx(10**3.5)


def test_published_parameters_reach_the_published_scores(shared_data):
    npp = json.loads((shared_data / "forecast" / "earthquakenpp_comcat25.json").read_text())
    catalogue, _ = read_catalogue(shared_data / "forecast" / "california_m25.parquet")
    region = Region(tuple((lon, lat) for lat, lon in npp["polygon_latitude_longitude"]))
    assert region.contains(catalogue.longitude, catalogue.latitude).all()
    auxiliary, start, end = (
        np.datetime64(npp[name], "us") for name in ("auxiliary_start", "test_start", "test_end")
    )
    model = from_log10(npp["etas_final_parameters"], npp["magnitude_cutoff"], npp["beta"])
    score = npp_score(model, catalogue, auxiliary, start, end, npp["area_km2"])
    assert score.nll == pytest.approx(npp["recomputed_on_this_file"]["etas_test_nll"], abs=2e-4)
    # The published parts are of another state of the same catalogue.
    assert score.temporal == pytest.approx(npp["published"]["etas_temporal_ll"], abs=2e-3)
    assert score.spatial == pytest.approx(npp["published"]["etas_spatial_ll"], abs=2e-3)
    poisson = npp_poisson_score(catalogue, auxiliary, start, end, npp["area_km2"], npp["magnitude_cutoff"])
    assert poisson.nll == pytest.approx(npp["recomputed_on_this_file"]["poisson_test_nll"], abs=1e-4)
