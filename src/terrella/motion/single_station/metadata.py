"""What a data set's metadata tell of each trace: picks, event, station, magnitude, distance, unit."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.formats.waveforms.phases import phase_kind
from terrella.formats.waveforms.seisbench import DataSet
from terrella.formats.waveforms.seisbench_table import numbers, pick_samples
from terrella.motion.single_station.traces import NEAREST_KM, Floats

_LARGEST, _SMALLEST = 9.7, -3.0  # magnitudes beyond them are none
_SAME = {"mps": "m/s", "m s-1": "m/s", "count": "counts"}
_MEASURED = {"accel": "acceleration", "displ": "displacement", "veloc": "velocity"}


@dataclass(frozen=True, eq=False)
class Told:
    """What metadata tell, (trace,) each; NaN or blank where they do not."""

    p_sample: Floats
    s_sample: Floats
    event: npt.NDArray[Any]
    station: npt.NDArray[Any]
    magnitude: Floats
    distance_km: Floats
    elevation_km: Floats
    gain: Floats  # (trace, component) samples are divided by it
    kind: str
    unit: str
    measured: str
    findings: list[str] = field(default_factory=list)


def told_by(data_set: DataSet, learned: bool) -> Told:
    """Return what the metadata tell; `learned` asks for what a training needs.

    Raises:
        InputError: where there is no pick of P, or a training lacks magnitudes, distances, events or stations.
    """
    table, folder, findings = data_set.metadata, data_set.folder, list[str]()
    p, s = _picks(data_set)
    if np.isnan(p).all():
        raise InputError(
            f"{folder}: no trace has a pick of P; a column such as trace_P_arrival_sample was expected"
        )
    used = ~np.isnan(p)
    magnitude = _magnitudes(table, folder, findings, used, learned)
    kind, distance = _distances(table, folder, findings, used, learned)
    unit, measured, gain = _unit(data_set, findings, used)
    return Told(
        p, s, _events(table, folder, learned), _stations(table, folder, learned), magnitude, distance,
        numbers(table, "station_elevation_m", folder) / 1000, gain, kind, unit, measured, findings,
    )  # fmt: skip


def _picks(data_set: DataSet) -> tuple[Floats, Floats]:
    """Return the samples of the first P, and of the first S after it, NaN where there is none."""
    phases, at = pick_samples(data_set.metadata, data_set.folder)
    first = {}
    for kind in "PS":
        own = at[:, [phase_kind(name) == kind for name in phases]]
        first[kind] = np.where(np.isnan(own), np.inf, own).min(1, initial=np.inf)
    p = np.where((first["P"] >= 0) & (first["P"] < data_set.n_samples), first["P"], np.nan)
    return p, np.where(np.isfinite(first["S"]) & (first["S"] > p), first["S"], np.nan)


def _magnitudes(
    table: pd.DataFrame, folder: Path, findings: list[str], used: npt.NDArray[np.bool_], learned: bool
) -> Floats:
    found = numbers(table, "source_magnitude", folder).copy()
    odd = used & ((found > _LARGEST) | (found < _SMALLEST))
    if odd.any():
        findings.append(
            f"{odd.sum():,} magnitudes are beyond {_SMALLEST:g} to {_LARGEST:g}: taken for unknown"
        )
        found[odd] = np.nan
    if learned and not np.isfinite(found[used]).any():
        raise InputError(
            f"{folder}: no trace with a P pick has a magnitude (column source_magnitude): there is nothing to "
            "learn magnitudes from"
        )
    known = used & np.isfinite(found)
    if "source_magnitude_type" not in table:
        if known.any():
            findings.append("no column source_magnitude_type: which magnitudes they are is unknown")
    elif len(types := table["source_magnitude_type"][known].fillna("unknown").value_counts()) > 1:
        said = ", ".join(f"{number:,} {name}" for name, number in types.items())
        findings.append(
            f"magnitudes are of several types ({said}), which differ: what is learned is their mixture"
        )
    return found


def _distances(
    table: pd.DataFrame, folder: Path, findings: list[str], used: npt.NDArray[np.bool_], learned: bool
) -> tuple[str, Floats]:
    """Return which distances they are, and the distances: hypocentral where all traces have them."""
    depth = numbers(table, "source_depth_km", folder)
    along = numbers(table, "path_ep_distance_km", folder).copy()
    places = [
        numbers(table, f"{what}_{axis}_deg", folder)
        for what in ("source", "station")
        for axis in ("longitude", "latitude")
    ]
    made = used & np.isnan(along) & np.isfinite(places).all(0)
    along[made] = distance_km(*(each[made] for each in places))
    if made.any():
        findings.append(f"{made.sum():,} distances are from coordinates")
    whole = numbers(table, "path_hyp_distance_km", folder)
    whole = np.where(np.isnan(whole), np.hypot(along, depth), whole)
    has = [used & np.isfinite(each) for each in (whole, along)]
    if learned and not (has[0] | has[1]).any():
        raise InputError(
            f"{folder}: no distances; give path_hyp_distance_km, path_ep_distance_km, or the coordinates of "
            "sources and stations (source_latitude_deg, …)"
        )
    hypocentral = has[0].sum() >= has[1].sum()
    if not hypocentral:
        lacking = int((has[1] & ~has[0]).sum())
        findings.append(f"{lacking:,} traces have no depth: all distances are epicentral")
    found = np.maximum(whole if hypocentral else along, NEAREST_KM)
    return "hypocentral" if hypocentral else "epicentral", found


def _events(table: pd.DataFrame, folder: Path, learned: bool) -> npt.NDArray[Any]:
    if "source_id" in table and table["source_id"].notna().any():
        return np.asarray(table["source_id"].fillna("").astype(str).to_numpy(object))
    if "source_origin_time" in table:
        return np.asarray(table["source_origin_time"].fillna("").astype(str).to_numpy(object))
    if learned:
        raise InputError(
            f"{folder}: no source_id and no source_origin_time: which traces are of one event is unknown, and "
            "folds that leave out whole events cannot be made"
        )
    return np.full(len(table), "", object)


def _stations(table: pd.DataFrame, folder: Path, learned: bool) -> npt.NDArray[Any]:
    if "station_code" not in table:
        if learned:
            raise InputError(
                f"{folder}: no column station_code: folds that leave out stations cannot be made"
            )
        return np.full(len(table), "", object)
    network = table.get("station_network_code", pd.Series("", table.index))
    joined = network.fillna("").astype(str) + "." + table["station_code"].fillna("").astype(str)
    return np.asarray(joined.to_numpy(object))


def _unit(data_set: DataSet, findings: list[str], used: npt.NDArray[np.bool_]) -> tuple[str, str, Floats]:
    """Return unit, what was measured, and each component's gain (trace, component), NaN where it is not told."""
    table, form = data_set.metadata, data_set.data_format
    width = int(data_set.n_components.max())
    said = str(form.get("measurement", "")).lower()
    measured = next((name for start, name in _MEASURED.items() if start in said), "")
    if "station_sensitivity_counts_spm" in table:
        gain = _sensitivities(table["station_sensitivity_counts_spm"], width)
        known = np.isfinite(gain).all(1)
        if (known & used).any():
            if lacking := int((used & ~known).sum()):
                findings.append(
                    f"{lacking:,} traces have no sensitivity, and are left out: the others are in m/s"
                )
            return "m/s", "velocity", gain
    if not measured:
        findings.append("the data set does not say what was measured: taken for ground velocity")
    unit = str(form.get("unit", "")).strip()
    unit = _SAME.get(unit.lower(), unit)
    if not unit or "norm" in unit.lower():
        findings.append(
            f"the unit of waveforms is {unit or 'not given'}: amplitudes may mean nothing, and magnitudes with them"
        )
    elif "count" in unit.lower():
        findings.append(
            "waveforms are in counts, without station_sensitivity_counts_spm: a station with another gain has "
            "its magnitudes shifted by it"
        )
    return unit, measured or "velocity", np.ones((len(table), width))


def _sensitivities(column: pd.Series, width: int) -> Floats:
    """Return sensitivities (trace, component): one for all, or a list such as [6e8 6e8 6e8]."""

    def read(text: str) -> list[float]:
        try:
            own = [abs(float(each)) for each in text.strip("[]() ").replace(",", " ").split()]
        except ValueError:
            own = []
        own = own * width if len(own) == 1 else own
        return own if len(own) == width and all(0 < each < np.inf for each in own) else [np.nan] * width

    known = {text: read(text) for text in column.astype(str).unique()}
    return np.array([known[text] for text in column.astype(str)]).reshape(-1, width)
