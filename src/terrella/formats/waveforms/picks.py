"""Tables of picks: CSV with the policies that made them, QuakeML and JSON; those of other programs are read too."""

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.files import must_exist, replace_file
from terrella.formats.encoding import decoded, lines_of

if TYPE_CHECKING:
    import pandas as pd

# `time` is UTC; `uncertainty_s` and `amplitude`, in the record's own units, are NaN where unknown.
PICK_COLUMNS = ("trace_id", "phase", "time", "probability", "uncertainty_s", "amplitude")
PickRow = tuple[str, ...]  # texts of these columns
Note = Callable[[str], None] | None
_NUMBERS = PICK_COLUMNS[3:]
# Headers in lower case without anything but letters, by our names; the first that fits is taken. They are ours and
# those of PhaseNet, GaMMA, SeisBench, PyOcto, QuakeFlow and SeisBench's data sets.
_HEADERS = {
    "trace_id": ("traceid", "stationid", "seedid", "id"),
    "network": ("network", "net", "networkcode", "stationnetworkcode"),
    "station": ("station", "sta", "stationcode"),
    "location": ("location", "loc", "locationcode", "stationlocationcode"),
    "channel": ("channel", "cha", "channelcode", "tracechannel"),
    "phase": ("phase", "phasetype", "phasehint", "phasename", "type"),
    "time": ("time", "phasetime", "peaktime", "picktime", "arrivaltime", "timestamp"),
    "probability": ("probability", "prob", "phasescore", "peakvalue", "score"),
    "uncertainty_s": ("uncertaintys", "uncertainty"),
    "amplitude": ("amplitude", "amp", "phaseamplitude"),
    "event_id": ("eventid", "evid", "event", "sourceid", "eventindex", "eventidx"),
    "status": ("status", "evaluationmode"),
    "evaluation": ("evaluationstatus", "evaluation"),
    "weight": ("weight", "timeweight", "arrivalweight", "pickweight"),
}
_SEED = ("network", "station", "location", "channel")
_DELIMITERS = ",;\t|"
_EPOCH_S = (1e8, 1e11)  # numbers that count seconds since 1970: 1973 to 5138; days such as 20190706 are fewer

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


def read_picks(path: Path, note: Note = None) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Return the picks of a CSV file with the columns `PICK_COLUMNS`, and its lines of policies.

    Columns may have the names of other programs, and there are more (see `read_pick_texts`). A number that is
    missing is NaN. `note` is as in `read_table`.

    Raises:
        InputError: where the file cannot be read, a needed column is missing, or a time or number is none.
    """
    table, policies = read_pick_texts(path, note)
    for name in _NUMBERS:
        table[name] = _numbers(table[name], path, name) if name in table else math.nan
    return table, policies


def read_pick_texts(path: Path, note: Note = None) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Return the columns of a table of picks by our names, as texts but for the time, and its lines of policies.

    There are always trace_id, network, station, location, channel, phase and time (datetime64[us], UTC), and of the
    others of `_HEADERS` those in the file. Codes come from their columns, else from an id such as CH.DAVOX..HHZ or
    FDSN:CH_DAVOX__H_H_Z; what is missing is blank. `note` is as in `read_table`.

    Raises:
        InputError: where the file cannot be read, a needed column is missing, or a time is none.
    """
    import pandas as pd

    raw, policies = read_table(path, note)
    columns = columns_by_name(raw, _HEADERS)
    if "station" in columns and columns["station"].str.contains("[.:]").any():
        columns["trace_id"] = columns.pop("station")
    elif "station" in columns and not columns.get("trace_id", columns["station"]).str.contains("[.:]").any():
        columns.pop("trace_id", None)  # the id is that of the row
    missing = [name for name in ("phase", "time") if name not in columns]
    if not {"trace_id", "station"} & set(columns):
        missing.insert(0, "trace_id")
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; the columns are {', '.join(map(str, raw.columns))}, "
            f"expected {', '.join(PICK_COLUMNS)} or those of PhaseNet, GaMMA, SeisBench, PyOcto or QuakeFlow"
        )
    parts = [_codes(name) for name in columns.get("trace_id", [])]
    for i, name in enumerate(_SEED):
        known = [part[i] for part in parts] if parts else ""
        columns.setdefault(name, pd.Series(known, index=raw.index, dtype=object))
    columns["location"] = columns["location"].replace("--", "")
    columns["time"] = _times(columns["time"], path)
    if not parts:
        codes = zip(*(columns[name] for name in _SEED[:3]), strict=True)
        columns["trace_id"] = pd.Series([".".join(code) for code in codes], index=raw.index, dtype=object)
    return pd.DataFrame(columns), policies


def read_table(path: Path, note: Note = None) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Return a table as texts, and the lines with a # above it.

    Text that is not UTF-8 is read as Latin-1 where `note` takes the line that says so.

    Raises:
        InputError: where there is no such file, it is no table, or of another encoding.
    """
    import pandas as pd

    must_exist(path, "a table was")
    try:
        found = decoded(path.read_bytes(), str(path), names=note is not None)
        policies = tuple(_leading(lines_of(found.text)))
        head = next((line for line in lines_of(found.text) if line.strip() and not line.startswith("#")), "")
        if head.lstrip().startswith(("<", "{", "[")):
            raise InputError(f"{path}: XML or JSON; a table with a header was expected, such as a .csv file")
        delimiter = max(_DELIMITERS, key=head.count)
        table = pd.read_csv(
            io.BytesIO(found.text.encode()), dtype=str, keep_default_na=False, comment="#", sep=delimiter
        )
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path}: no readable table ({reason})") from error
    if note is not None:
        for line in found.findings:
            note(line)
    return table, policies


def columns_by_name(raw: "pd.DataFrame", headers: Mapping[str, Sequence[str]]) -> dict[str, "pd.Series"]:
    """Return the columns of a table of texts by our names, stripped."""
    squeezed = {re.sub("[^a-z]", "", str(name).lower()): name for name in reversed(raw.columns)}
    return {
        ours: raw[squeezed[header]].str.strip()
        for ours, theirs in headers.items()
        if (header := next((each for each in theirs if each in squeezed), None)) is not None
    }


def _codes(trace_id: str) -> list[str]:
    """Return network, station, location and channel of an id; one without dots is a station's code."""
    if trace_id.startswith("FDSN:"):
        network, station, location, *channel = [*trace_id.removeprefix("FDSN:").split("_"), "", ""][:6]
        return [network, station, location, "".join(channel)]
    parts = trace_id.split(".")
    return ["", trace_id, "", ""] if len(parts) == 1 else [*parts, "", ""][:4]


def _times(texts: "pd.Series", path: Path) -> "pd.Series":
    """Return times of ISO 8601, or of seconds since 1970 where all are such numbers."""
    import pandas as pd

    seconds = pd.to_numeric(texts, errors="coerce")
    if len(texts) and seconds.between(*_EPOCH_S).all():
        whole, rest = np.divmod(seconds.to_numpy(float), 1)
        stamps = whole.astype("datetime64[s]").astype("datetime64[us]")
        return pd.Series(stamps + np.rint(rest * 1e6).astype("timedelta64[us]"), index=texts.index)
    time = pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601")
    wrong = time.isna() | (seconds.notna() & ~texts.str.fullmatch(r"\d{8}"))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"{path} row {row + 1}: time {texts.iloc[row]!r}; expected such as 2019-07-06T03:19:53.04Z, or seconds "
            "since 1970 in all rows"
        )
    return time.dt.tz_localize(None).astype("datetime64[us]")


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
