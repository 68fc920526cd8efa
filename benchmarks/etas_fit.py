"""Fit ETAS to California and compare with lmizrahi/etas: CPU time, memory and likelihood.

Every fit runs in a process of its own, whose CPU seconds count all threads and the start of Python. Both
parameter sets are scored with the same training likelihood, over all pairs. The peer runs where
`--peer-python` names a Python that can import `etas`. `--quick` fits M ≥ 4 only. The data are read from
TERRELLA_DATA (default ../shared/data).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from _npp import from_log10
from _result import DATA_FOLDER, write_result
from terrella.forecast.etas.fit import fit_etas
from terrella.forecast.etas.likelihood import log_likelihood, make_window, rounded_half_up
from terrella.forecast.etas.model import ETAS
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

DATA = DATA_FOLDER / "forecast"
BIN = 0.1

# What the peer's own example does: fixed start, distances up to 100 rupture lengths.
PEER = """
import json, sys
import pandas as pd
from etas.inversion import ETASParameterCalculation

given = json.load(open(sys.argv[1]))
catalogue = pd.read_csv(given.pop("csv"), parse_dates=["time"], date_format="ISO8601")
fit = ETASParameterCalculation({**given, "catalog": catalogue})
fit.prepare()
fit.invert()
json.dump(fit.theta, open(sys.argv[2], "w"))
"""
PEER_START = {
    "log10_mu": -5.8, "log10_iota": None, "log10_k0": -2.6, "a": 1.8, "log10_c": -2.5, "omega": -0.02,
    "log10_tau": 3.5, "log10_d": -0.85, "gamma": 1.3, "rho": 0.66,
}  # fmt: skip


@dataclass(frozen=True)
class Usage:
    """What a process took, its threads and children included."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer-python", type=Path, default=None, help="a Python that can import etas")
    parser.add_argument("--fit", nargs=3, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (DATA / "california_m25.parquet").is_file():
        sys.exit(f"{DATA / 'california_m25.parquet'} is not there; set TERRELLA_DATA")
    if options.fit is not None:
        fit_here(float(options.fit[0]), options.fit[1], Path(options.fit[2]))
        return
    compared = 4.0 if options.quick else 3.5
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        cold, _ = ours(compared, "uniform", work, {"NUMBA_CACHE_DIR": str(work / "numba")})
        ours(compared, "uniform", work)  # fills the cache of compiled code
        usage, fitted = ours(compared, "uniform", work)
        peer_usage, peer_model = peer(options.peer_python, compared, work)
        rows += compare(compared, usage, fitted, peer_usage, peer_model)
        notes.append(
            f"compiling for the first time takes {cold.cpu_seconds - usage.cpu_seconds:.0f} CPU s more"
        )
        if peer_model is None:
            notes.append("the peer was not run: no --peer-python that imports etas")
        for background in () if options.quick else ("uniform", "smoothed"):
            usage, fitted = ours(2.5, background, work)
            rows += alone(f"M ≥ 2.5, {background} background", usage, fitted)
    notes.append("CPU seconds of whole processes, all threads; log-likelihood of 1981 to 2006 over all pairs")
    write_result("etas_fit", rows, "; ".join(notes), options.quick)


def ours(
    magnitude: float, background: str, work: Path, extra: dict[str, str] | None = None
) -> tuple[Usage, dict]:
    """Fit in a process of its own; return what it took and what it found."""
    output = work / "ours.json"
    arguments = [sys.executable, __file__, "--fit", str(magnitude), background, str(output)]
    usage = measured(arguments, {**os.environ, **(extra or {})})
    return usage, json.loads(output.read_text(encoding="utf-8"))


def fit_here(magnitude: float, background: str, output: Path) -> None:
    """Fit in this process and leave the result as JSON."""
    catalogue, npp = load()
    kind = "smoothed" if background == "smoothed" else "uniform"
    fit = fit_etas(rounded_half_up(catalogue, BIN), npp["area_km2"], *windows(npp), magnitude, kind)
    print(fit.message, file=sys.stderr)
    found = {
        "model": fit.model.to_dict(),
        "converged": fit.converged,
        "events": fit.n_events,
        "log_likelihood": fit.log_likelihood,
        "fit_cpu_seconds": fit.cpu_seconds,
    }
    output.write_text(json.dumps(found), encoding="utf-8")


def peer(python: Path | None, magnitude: float, work: Path) -> tuple[Usage | None, dict[str, float] | None]:
    """Fit with the peer in its own environment; return what it took and its parameters, if it is there."""
    if (
        python is None
        or subprocess.run([python, "-c", "import etas.inversion"], capture_output=True).returncode
    ):
        print("the peer is skipped: give --peer-python a Python that can import etas", file=sys.stderr)
        return None, None
    catalogue, npp = load()
    kept = catalogue.above(magnitude - BIN)
    lines = [
        f"{k},{lat!r},{lon!r},{t},{m!r}"
        for k, (lat, lon, t, m) in enumerate(
            zip(
                kept.latitude.tolist(), kept.longitude.tolist(), kept.time_utc.astype(str),
                kept.magnitude.tolist(), strict=True,
            )
        )
    ]  # fmt: skip
    (work / "catalogue.csv").write_text("\n".join(["id,latitude,longitude,time,magnitude", *lines]) + "\n")
    given = {
        "csv": str(work / "catalogue.csv"),
        "auxiliary_start": npp["auxiliary_start"],
        "timewindow_start": npp["training_start"],
        "timewindow_end": npp["test_start"],
        "mc": magnitude,
        "m_ref": magnitude,
        "delta_m": BIN,
        "coppersmith_multiplier": 100,
        "shape_coords": npp["polygon_latitude_longitude"],
        "theta_0": PEER_START,
    }
    (work / "given.json").write_text(json.dumps(given), encoding="utf-8")
    (work / "peer.py").write_text(PEER, encoding="utf-8")
    usage = measured([str(python), str(work / "peer.py"), str(work / "given.json"), str(work / "peer.json")])
    return usage, json.loads((work / "peer.json").read_text(encoding="utf-8"))


def measured(arguments: list[str], environment: dict[str, str] | None = None) -> Usage:
    """Run a process to its end and return what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(arguments, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{arguments[0]} {arguments[1]} ended with exit code {process.returncode}")
    unit = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is in bytes there, in KiB elsewhere
    return Usage(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / unit)


def compare(
    magnitude: float, usage: Usage, found: dict, peer_usage: Usage | None, peer_parameters: dict | None
) -> list[dict]:
    """Return the rows of both sides for one magnitude."""
    what = f"M ≥ {magnitude:g}, uniform background"
    pairs: list[tuple[str, float, float | None, str]] = [
        ("CPU time", usage.cpu_seconds, peer_usage and peer_usage.cpu_seconds, "s"),
        ("wall time", usage.wall_seconds, peer_usage and peer_usage.wall_seconds, "s"),
        ("peak memory", usage.peak_mib, peer_usage and peer_usage.peak_mib, "MiB"),
    ]
    rows = [row(f"{what}: {name}", a, b, unit, b / a if b else None) for name, a, b, unit in pairs]
    theirs = peer_likelihood(magnitude, peer_parameters, found) if peer_parameters else None
    rows.append(row(f"{what}: training log-likelihood", found["log_likelihood"], theirs, "nats", None))
    if theirs is not None:
        gain = (found["log_likelihood"] - theirs) / found["events"]
        rows.append(row(f"{what}: training gain per event", gain, None, "nats", None))
    rows.append(row(f"{what}: converged", float(found["converged"]), None, "1 = yes", None))
    return rows


def alone(what: str, usage: Usage, found: dict) -> list[dict]:
    """Return the rows of a fit that the peer does not do in reasonable time."""
    return [
        row(f"{what}: CPU time", usage.cpu_seconds, None, "s", None),
        row(f"{what}: wall time", usage.wall_seconds, None, "s", None),
        row(f"{what}: peak memory", usage.peak_mib, None, "MiB", None),
        row(f"{what}: training log-likelihood", found["log_likelihood"], None, "nats", None),
        row(f"{what}: converged", float(found["converged"]), None, "1 = yes", None),
    ]


def peer_likelihood(magnitude: float, parameters: dict[str, float], found: dict) -> float:
    """Return the exact training log-likelihood of the peer's parameters, in the reading that is better for it.

    The peer counts magnitudes from half a bin below the smallest while it fits, but from the smallest itself
    where it scores.
    """
    catalogue, npp = load()
    window = make_window(rounded_half_up(catalogue, BIN), *windows(npp), magnitude)
    as_scored = from_log10(parameters, magnitude, found["model"]["beta"])
    as_fitted = half_a_bin_up(as_scored)
    return max(log_likelihood(model, window, npp["area_km2"]) for model in (as_scored, as_fitted))


def half_a_bin_up(model: ETAS) -> ETAS:
    """Return the model whose parameters were meant for a reference magnitude of half a bin less."""
    return replace(
        model, k0=model.k0 * np.exp(model.a * BIN / 2), d_km2=model.d_km2 * np.exp(model.gamma * BIN / 2)
    )


def load() -> tuple[Catalogue, dict[str, Any]]:
    """Return the catalogue and the benchmark's description."""
    catalogue, _ = read_catalogue(DATA / "california_m25.parquet")
    return catalogue, json.loads((DATA / "earthquakenpp_comcat25.json").read_text(encoding="utf-8"))


def windows(npp: dict[str, Any]) -> tuple[np.datetime64, np.datetime64, np.datetime64]:
    """Return auxiliary start, start and end of the training window."""
    start, begin, end = (
        np.datetime64(npp[name], "us") for name in ("auxiliary_start", "training_start", "test_start")
    )
    return start, begin, end


def row(what: str, value: float, peer_value: float | None, unit: str, ratio: float | None) -> dict[str, Any]:
    """Return a row of the result file; the ratio is how many times less ours takes."""
    peer_name = "lmizrahi/etas 3.0" if peer_value is not None else ""
    return {
        "what": what, "ours": value, "peer": peer_value, "peer_name": peer_name, "unit": unit, "ratio": ratio,
    }  # fmt: skip


if __name__ == "__main__":
    main()
