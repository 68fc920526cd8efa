"""Score ETAS on EarthquakeNPP's ComCat benchmark: published parameters, our own fits, a constant rate.

Fits see 1981 to 2006, with 1971 to 1980 as sources; the test runs from 2007 to 2020-01-17. `--quick` fits and
scores M ≥ 3.5 instead of 2.5, where nothing is published. The data are read from TERRELLA_DATA (default
../shared/data).
"""

import argparse
import json
import sys
from typing import Any, Literal

import numpy as np

from _npp import from_log10, npp_poisson_score
from _result import DATA_FOLDER, write_result
from terrella.forecast.etas.fit import EtasFit, fit_etas
from terrella.forecast.etas.likelihood import NppScore, npp_score, rounded_half_up
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

DATA = DATA_FOLDER / "forecast"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if not (DATA / "california_m25.parquet").is_file():
        sys.exit(f"{DATA / 'california_m25.parquet'} is not there; set TERRELLA_DATA")
    catalogue, _ = read_catalogue(DATA / "california_m25.parquet")
    npp = json.loads((DATA / "earthquakenpp_comcat25.json").read_text(encoding="utf-8"))
    magnitude = 3.5 if quick else npp["magnitude_cutoff"]
    published, stored = npp["published"], npp["recomputed_on_this_file"]
    test = (catalogue, *npp_window())
    rows, notes = [], []
    poisson = npp_poisson_score(*test, magnitude)
    rows += score_rows(
        "constant rate", poisson, None if quick else stored["poisson_test_nll"], "benchmark, this file"
    )
    if not quick:
        model = from_log10(npp["etas_final_parameters"], magnitude, npp["beta"])
        score = npp_score(model, *test)
        rows += score_rows(
            "ETAS, published parameters", score, stored["etas_test_nll"], "benchmark, this file"
        )
    smoothed = min(stored["etas_with_smoothed_background_nll"].values())
    for background, reference, name in (
        ("uniform", published["etas_test_nll"], "published fit"),
        ("smoothed", smoothed, "3 km map, published kernel"),
    ):
        fit = fitted(catalogue, npp, magnitude, background)
        title = f"ETAS, {background} background"
        rows += score_rows(title, npp_score(fit.model, *test), None if quick else reference, name)
        rows.append(row(f"{title}: CPU time of the fit", fit.cpu_seconds, None, "", "s"))
        notes.append(f"{title}: {parameters(fit)}")
    notes.append(
        "Nats per event; of the test score (negative log-likelihood) less is better. The published fit leaves out "
        "pairs beyond 100 rupture lengths, ours none; on the training window ours has the larger likelihood"
    )
    write_result("etas_npp", rows, ". ".join(notes), quick)


def npp_window() -> tuple[np.datetime64, np.datetime64, np.datetime64, float]:
    """Return the benchmark's auxiliary start, test start and test end, and its area in km²."""
    npp = json.loads((DATA / "earthquakenpp_comcat25.json").read_text(encoding="utf-8"))
    auxiliary, start, end = (
        np.datetime64(npp[name], "us") for name in ("auxiliary_start", "test_start", "test_end")
    )
    return auxiliary, start, end, npp["area_km2"]


def fitted(
    catalogue: Catalogue, npp: dict[str, Any], magnitude: float, background: Literal["uniform", "smoothed"]
) -> EtasFit:
    """Fit on the benchmark's training window."""
    times = [np.datetime64(npp[name], "us") for name in ("auxiliary_start", "training_start", "test_start")]
    catalogue = rounded_half_up(catalogue, npp["magnitude_bin"])
    fit = fit_etas(catalogue, npp["area_km2"], *times, magnitude, background, report)
    report(fit.message)
    return fit


def report(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def parameters(fit: EtasFit) -> str:
    """Return the parameters with their standard errors in one line."""
    values = fit.model.to_dict()
    shown = [
        f"{name} {values[name]:.4g} " + (f"± {error:.1g}" if np.isfinite(error) else "(at its bound)")
        for name, error in fit.standard_errors.items()
        if name in values
    ]
    background = fit.model.background
    width = np.median(background.bandwidth_km) if background else None
    return (
        ", ".join(shown)
        + (f", median bandwidth {width:.2g} km" if width else "")
        + ("" if fit.converged else ", NOT converged")
    )


def score_rows(what: str, score: NppScore, reference: float | None, name: str) -> list[dict[str, Any]]:
    """Return the test score beside its reference, and its two parts."""
    return [
        row(f"{what}: test score", score.nll, reference, name if reference is not None else "", "nats"),
        row(f"{what}: temporal part", score.temporal, None, "", "nats"),
        row(f"{what}: spatial part", score.spatial, None, "", "nats"),
    ]


def row(what: str, value: float, reference: float | None, name: str, unit: str) -> dict[str, Any]:
    """Return a row of the result file."""
    return {"what": what, "ours": value, "peer": reference, "peer_name": name, "unit": unit, "ratio": None}


if __name__ == "__main__":
    main()
