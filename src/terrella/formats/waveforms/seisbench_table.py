"""The metadata of a SeisBench data set: files of its chunks, sampling rates, component orders, pick columns."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.errors import InputError

# Network NA and stations None are names, so that fewer words mean "missing" than pandas takes.
_MISSING = ["", "nan", "NaN", "NAN", "<NA>"]
_TEXTS = (
    "trace_name", "trace_component_order", "split", "trace_category", "station_code", "station_network_code",
    "station_location_code",
)  # fmt: skip
_PICK = re.compile(r"trace_(.+)_arrival_sample")
_SPELLED = {"p": "P", "s": "S"}  # older data sets write phases small


def chunk_names(folder: Path) -> list[str]:
    """Return the names of the chunks, [""] for a data set in one piece.

    Raises:
        InputError: where no data set lies in the folder, or half of a chunk is missing.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; one with metadata.csv and waveforms.hdf5 was expected")
    listed = folder / "chunks"
    names = listed.read_text(encoding="utf-8").split() if listed.is_file() else []
    if not names and (folder / "waveforms.hdf5").is_file():
        names = [""]
    if not names:
        names = sorted(path.stem.removeprefix("waveforms") for path in folder.glob("waveforms*.hdf5"))
    if not names:
        raise InputError(
            f"{folder}: no SeisBench data set; metadata.csv and waveforms.hdf5 were expected there"
        )
    for name in names:
        for file in (f"metadata{name}.csv", f"waveforms{name}.hdf5"):
            if not (folder / file).is_file():
                raise InputError(f"{folder}: {file} is missing; a data set has both metadata and waveforms")
    return sorted(names)


def read_metadata(folder: Path, chunk: str = "") -> pd.DataFrame:
    """Read the metadata of one chunk, with `trace_chunk` added.

    Raises:
        InputError: where the file is no table with trace names.
    """
    path = folder / f"metadata{chunk}.csv"
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(_TEXTS, str),
            keep_default_na=False,
            na_values=_MISSING,
            low_memory=False,
        )
    except (ValueError, OSError, pd.errors.ParserError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{path}: no readable table ({reason})") from error
    if "trace_name" not in table:
        raise InputError(f"{path}: no column trace_name; it says where each trace lies in waveforms.hdf5")
    if missing := int(table["trace_name"].isna().sum()):
        row = int(np.flatnonzero(table["trace_name"].isna())[0])
        raise InputError(f"{path}: {missing:,} rows without trace_name; first row {row + 1}")
    return with_column(table, "trace_chunk", chunk)


def sampling_rates(metadata: pd.DataFrame, data_format: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """Fill the column trace_sampling_rate_hz from itself, trace_dt_s, or the data format, in this order.

    Raises:
        InputError: where a trace has no sampling rate, or one that is not positive.
    """
    rate = numbers(metadata, "trace_sampling_rate_hz", folder)
    with np.errstate(divide="ignore"):
        rate = np.where(np.isnan(rate), 1 / numbers(metadata, "trace_dt_s", folder), rate)
    try:
        rate = np.where(np.isnan(rate), float(data_format.get("sampling_rate", np.nan)), rate)
    except (TypeError, ValueError):
        raise InputError(
            f"{folder}: data_format/sampling_rate is {data_format['sampling_rate']!r}; a number in Hz was expected"
        ) from None
    wrong = np.flatnonzero(~(np.isfinite(rate) & (rate > 0)))
    if len(wrong):
        row = int(wrong[0])
        what = "none" if np.isnan(rate[row]) else f"{rate[row]:g} Hz"
        raise InputError(
            f"{folder}: {len(wrong):,} traces without a sampling rate (first row {row + 1}: {what}); give a column "
            "trace_sampling_rate_hz or trace_dt_s, or data_format/sampling_rate"
        )
    return with_column(metadata, "trace_sampling_rate_hz", rate)


def component_orders(metadata: pd.DataFrame, data_format: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """Fill the column trace_component_order from itself or the data format.

    Raises:
        InputError: where a trace has no component order, or one that names a component twice.
    """
    common = data_format.get("component_order")
    if "trace_component_order" in metadata:
        orders = metadata["trace_component_order"].astype(object)
    else:
        orders = pd.Series(np.nan, metadata.index, dtype=object)
    if common is not None:
        orders = orders.where(orders.notna(), "".join(common))
    if orders.isna().any():
        row = int(np.flatnonzero(orders.isna())[0])
        raise InputError(
            f"{folder}: {int(orders.isna().sum()):,} traces without a component order (first row {row + 1}); "
            "give a column trace_component_order or data_format/component_order, such as ZNE"
        )
    codes, kinds = pd.factorize(orders)
    for code, kind in enumerate(kinds):
        if len(set(kind)) != len(kind) or not kind:
            row = int(np.flatnonzero(codes == code)[0])
            raise InputError(f"{folder}: component order {kind!r} in row {row + 1}; such as ZNE was expected")
    return with_column(metadata, "trace_component_order", orders.astype(str))


def pick_columns(metadata: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns with arrival samples by phase; P takes `trace_P_` before `trace_p_arrival_sample`."""
    found: dict[str, list[str]] = {}
    for name in sorted(metadata.columns):  # capitals come first
        if match := _PICK.fullmatch(str(name)):
            found.setdefault(_SPELLED.get(match[1], match[1]), []).append(name)
    return found


def pick_samples(metadata: pd.DataFrame, folder: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the phases that have any pick, and the picks as fractional samples, (trace, phase), NaN for none."""
    phases, columns = [], []
    for phase, names in pick_columns(metadata).items():
        values = numbers(metadata, names[0], folder)
        for name in names[1:]:
            values = np.where(np.isnan(values), numbers(metadata, name, folder), values)
        if not np.isnan(values).all():
            phases.append(phase)
            columns.append(values)
    picks = np.stack(columns, axis=1) if columns else np.empty((len(metadata), 0))
    return tuple(phases), picks


def numbers(metadata: pd.DataFrame, name: str, folder: Path) -> np.ndarray:
    """Return a column as floats, NaN where the column or a value is missing.

    Raises:
        InputError: for a text that is no number.
    """
    if name not in metadata:
        return np.full(len(metadata), np.nan)
    column = metadata[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if len(wrong):
        row = int(wrong[0])
        raise InputError(f"{folder}: {name} of row {row + 1} is {column.iloc[row]!r}; a number was expected")
    return values


def with_column(metadata: pd.DataFrame, name: str, values: Any) -> pd.DataFrame:
    """Return the metadata with a column replaced or added.

    Data sets have a hundred columns and more, where pandas warns of every column that is inserted.
    """
    column = pd.Series(values, index=metadata.index, name=name)
    return pd.concat([metadata.drop(columns=name, errors="ignore"), column], axis=1)


def decoded(value: Any) -> Any:
    """Return a value of the group data_format as text, number, or tuple of these."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return tuple(decoded(one) for one in value.tolist())
    return value.item() if isinstance(value, np.generic) else value
