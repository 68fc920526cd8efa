"""What the EarthquakeNPP benchmark asks beside ETAS's score: published parameters, a constant rate's score."""

import numpy as np

from terrella.errors import InputError
from terrella.forecast.etas.likelihood import NppScore, make_window, rounded_half_up
from terrella.forecast.etas.model import ETAS
from terrella.formats.catalogues.catalogue import Catalogue


def from_log10(parameters: dict[str, float | None], min_magnitude: float, beta: float) -> ETAS:
    """Return the model with parameters named as Mizrahi et al. name them (log10_mu, log10_k0, a, …)."""
    p = {name: value for name, value in parameters.items() if value is not None}
    return ETAS(
        mu=10 ** p["log10_mu"],
        k0=10 ** p["log10_k0"],
        a=p["a"],
        c_days=10 ** p["log10_c"],
        omega=p["omega"],
        tau_days=10 ** p["log10_tau"],
        d_km2=10 ** p["log10_d"],
        gamma=p["gamma"],
        rho=p["rho"],
        min_magnitude=min_magnitude,
        beta=beta,
    )


def npp_poisson_score(
    catalogue: Catalogue,
    auxiliary_start: np.datetime64 | str,
    test_start: np.datetime64 | str,
    test_end: np.datetime64 | str,
    region_area_km2: float,
    min_magnitude: float,
    magnitude_bin: float = 0.1,
) -> NppScore:
    """Return EarthquakeNPP's score of one constant rate, that of all events from auxiliary start to test start.

    Unlike the score of ETAS, its integral runs over the whole test window.

    Raises:
        InputError: where either window holds no event.
    """
    catalogue = rounded_half_up(catalogue, magnitude_bin)
    window = make_window(catalogue, auxiliary_start, test_start, test_end, min_magnitude)
    if window.n_targets == 0 or window.first_target == 0:
        raise InputError(
            f"{catalogue.name} holds no event before {test_start}, or none from there to {test_end}"
        )
    per_day = window.first_target / window.start_day
    expected = per_day * window.length_days / window.n_targets
    temporal, spatial = np.log(per_day) - expected, -np.log(region_area_km2)
    return NppScore(float(-temporal - spatial), float(temporal), float(spatial), window.n_targets)
