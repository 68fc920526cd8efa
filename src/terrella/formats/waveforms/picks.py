"""Tables of picks: CSV with the policies that made them, QuakeML and JSON."""

import csv
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.files import replace_file

if TYPE_CHECKING:
    import pandas as pd

# `time` is UTC; `uncertainty_s` and `amplitude`, in the record's own units, are NaN where unknown.
PICK_COLUMNS = ("trace_id", "phase", "time", "probability", "uncertainty_s", "amplitude")
PickRow = tuple[str, ...]  # texts of these columns
_NEEDED = PICK_COLUMNS[:3]
_NUMBERS = PICK_COLUMNS[3:]

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">\n'
    '<eventParameters publicID="smi:local/picks">\n'
)
_TAIL = "</eventParameters>\n</q:quakeml>\n"


def picks_table(
    trace_id: Sequence[str],
    phase: Sequence[str],
    time_utc: npt.NDArray[np.datetime64],
    *numbers: npt.NDArray[np.floating],
) -> "pd.DataFrame":
    """Return a table of picks in order of time, then trace and phase.

    `numbers` are probability, uncertainty in s and amplitude.
    """
    import pandas as pd

    columns = [np.asarray(trace_id, object), np.asarray(phase, object), time_utc.astype("datetime64[us]")]
    columns += [np.asarray(each, np.float64) for each in numbers]
    table = pd.DataFrame(dict(zip(PICK_COLUMNS, columns, strict=True)))
    return table.sort_values(["time", "trace_id", "phase"], ignore_index=True)


def no_picks() -> "pd.DataFrame":
    """Return a table without picks."""
    return picks_table([], [], np.empty(0, "datetime64[us]"), *(np.empty(0),) * 3)


def write_picks(table: "pd.DataFrame", path: Path, policies: Sequence[str] = ()) -> None:
    """Write picks in the format of the suffix: .csv, .xml (QuakeML) or .json.

    `table` has the columns `PICK_COLUMNS`, with times of datetime64; they are written in milliseconds, with a Z.
    `policies` say how the picks were made: lines with a # in a CSV file, a comment in QuakeML, a list in JSON.

    Raises:
        InputError: where the suffix is none of these.
    """
    columns = (table[name].astype(float).to_numpy() for name in _NUMBERS)
    times = table["time"].to_numpy("datetime64[us]")
    write_pick_rows(pick_rows(table["trace_id"], table["phase"], times, *columns), path, policies)


def pick_rows(
    trace_id: Iterable[str],
    phase: Iterable[str],
    time_utc: npt.NDArray[np.datetime64],
    *numbers: Iterable[float],
) -> list[PickRow]:
    """Return picks as the texts of `PICK_COLUMNS`; a number that is unknown is blank."""
    # Rounded, not cut.
    times = (time_utc.astype("datetime64[us]") + np.timedelta64(500, "us")).astype("datetime64[ms]")
    stamps = [f"{time}Z" for time in np.datetime_as_string(times, unit="ms").tolist()]
    texts = [
        ["" if math.isnan(value) else form.format(value) for value in column]
        for column, form in zip(numbers, ("{:.4f}", "{:.3f}", "{:.6g}"), strict=True)
    ]
    return list(zip(trace_id, phase, stamps, *texts, strict=True))


def write_pick_rows(rows: Iterable[PickRow], path: Path, policies: Sequence[str] = ()) -> None:
    """Write `pick_rows`, in order of time, as `write_picks` does; not all need be in memory at once.

    Raises:
        InputError: where the suffix is none of these.
    """
    writers = {".csv": _csv, ".xml": _quakeml, ".json": _json}
    if path.suffix.lower() not in writers:
        raise InputError(f"{path}: picks are written as {', '.join(writers)}; give one of these suffixes")

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writers[path.suffix.lower()](file, rows, policies)

    replace_file(path, write)


def read_pick_rows(path: Path) -> tuple[list[PickRow], tuple[str, ...]]:
    """Return the texts and the policies of a CSV file that `write_pick_rows` wrote; for others see `read_picks`.

    Raises:
        InputError: where the file cannot be read or is none of these.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = file.readlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable table of picks ({error})") from error
    policies = tuple(_leading(lines))
    head, *rows = csv.reader(lines[len(policies) :]) if len(lines) > len(policies) else ([],)
    wrong = next((row for row in rows if len(row) != len(PICK_COLUMNS)), None)
    if tuple(head) != PICK_COLUMNS or wrong is not None:
        raise InputError(f"{path}: found {wrong or head}; expected the columns {', '.join(PICK_COLUMNS)}")
    return [tuple(row) for row in rows], policies


def read_picks(path: Path) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Return the picks of a CSV file with the columns `PICK_COLUMNS`, and its lines of policies.

    Times are datetime64[us] in UTC; a number that is missing is NaN.

    Raises:
        InputError: where the file cannot be read, a needed column is missing, or a time or number is none.
    """
    import pandas as pd

    try:
        with path.open(encoding="utf-8") as file:
            policies = tuple(_leading(file))
        table = pd.read_csv(path, dtype=str, keep_default_na=False, comment="#")
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path}: no readable table of picks ({reason})") from error
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; the columns are {', '.join(map(str, table.columns))}, "
            f"expected {', '.join(PICK_COLUMNS)}"
        )
    time = pd.to_datetime(table["time"], utc=True, errors="coerce", format="ISO8601")
    if time.isna().any():
        row = int(time.isna().to_numpy().argmax())
        raise InputError(
            f"{path} row {row + 1}: time {table['time'].iloc[row]!r}; expected such as 2019-07-06T03:19:53.04Z"
        )
    table["time"] = time.dt.tz_localize(None).astype("datetime64[us]")
    for name in _NUMBERS:
        table[name] = _numbers(table[name], path, name) if name in table else math.nan
    return table, policies


def _csv(file: TextIO, rows: Iterable[PickRow], policies: Sequence[str]) -> None:
    file.writelines(f"# {line}\n" for policy in policies for line in policy.splitlines())
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(PICK_COLUMNS)
    writer.writerows(rows)


def _json(file: TextIO, rows: Iterable[PickRow], policies: Sequence[str]) -> None:
    file.write(f'{{"policies": {json.dumps(list(policies), ensure_ascii=False)},\n"picks": [')
    for number, row in enumerate(rows):
        values = (*row[:3], *(float(text) if text else None for text in row[3:]))
        pick = dict(zip(PICK_COLUMNS, values, strict=True))
        file.write((",\n" if number else "\n") + json.dumps(pick, ensure_ascii=False))
    file.write("\n]}\n")


def _quakeml(file: TextIO, rows: Iterable[PickRow], policies: Sequence[str]) -> None:
    """Write the picks of each station and day as one event without origin: QuakeML has no other place for them."""
    file.write(_HEAD)
    if policies:
        file.write(f"<comment><text>{escape('; '.join(policies))}</text></comment>\n")
    count = itertools.count(1)
    for day, picks in itertools.groupby(rows, lambda row: row[2][:10]):
        groups: dict[str, list[str]] = {}
        for row in picks:
            station = ".".join([*row[0].split("."), ""][:2])
            groups.setdefault(station, []).append(_quakeml_pick(next(count), row))
        for station, lines in sorted(groups.items()):
            name = _quoted(station)
            file.write(
                f'<event publicID="smi:local/picks/{name}/{day}"><description><text>Picks of {name} on {day}, '
                f"not associated</text></description>\n{''.join(lines)}</event>\n"
            )
    file.write(_TAIL)


def _quakeml_pick(number: int, row: PickRow) -> str:
    trace_id, phase, time, probability, uncertainty, amplitude = row
    network, station, location, *_ = [_quoted(part) for part in [*trace_id.split("."), "", ""]]
    place = f' locationCode="{location}"' if location else ""
    error = f"<uncertainty>{uncertainty}</uncertainty>" if uncertainty else ""
    said = f"probability {probability}" + (f"; amplitude {amplitude}" if amplitude else "")
    return (
        f'<pick publicID="smi:local/pick/{number}"><time><value>{time}</value>{error}</time>'
        f'<waveformID networkCode="{network}" stationCode="{station}"{place}/>'
        f"<phaseHint>{escape(phase)}</phaseHint><evaluationMode>automatic</evaluationMode>"
        f"<comment><text>{said}</text></comment></pick>\n"
    )


def _quoted(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _leading(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line[1:].strip()


def _numbers(texts: "pd.Series", path: Path, name: str) -> "pd.Series":
    import pandas as pd

    stripped = texts.str.strip().str.lower()
    numbers = pd.to_numeric(stripped.where(stripped != "", "nan"), errors="coerce")
    wrong = numbers.isna() & ~stripped.isin(("", "nan"))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(f"{path} row {row + 1}: {name} {texts.iloc[row]!r}; expected a number")
    return numbers.astype(float)
