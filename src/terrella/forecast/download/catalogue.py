"""`terrella forecast data` without a file: download a catalogue, and later fetch only what has changed.

Beside the output lies `<output>.source.parquet`: all rows as the service gave them, with ids, and the query that
they answer. The output is made from it. Rows that changed are those the service calls updated; rows that are gone
are found where its counts differ from ours.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from terrella.engine import web
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import replace_file
from terrella.forecast.download import fdsn
from terrella.forecast.download.named_regions import WORLD, Bounds
from terrella.forecast.download.pieces import Pieces, Time, kept_folder
from terrella.forecast.windows import parse_time
from terrella.formats.catalogues.check import check_events
from terrella.formats.catalogues.parquet import read_parquet
from terrella.formats.catalogues.raw import Place
from terrella.formats.catalogues.times import times
from terrella.formats.catalogues.write import check_output, write_catalogue

_KEY = b"terrella.download"
_RECENT = np.timedelta64(30 * 86400, "s")  # fetched again whole: here most events are revised or deleted
_OVERLAP = np.timedelta64(86400, "s")  # an event may reach the service's index long after its stamp of update
_FEW = 500  # events fetched again rather than halved further in search of a difference


@dataclass(frozen=True)
class Query:
    """What an output holds: bounds are west, east, south, north; without an end it reaches to the present."""

    service: str
    bounds: Bounds
    start: str
    end: str | None
    min_magnitude: float | None

    def parameters(self) -> list[dict[str, str]]:
        """Return the query as the FDSN standard has it, without times; in two parts across the date line."""
        names = ("minlongitude", "maxlongitude", "minlatitude", "maxlatitude")
        west, east, *parallels = self.bounds
        parts = [(west, min(east, 180.0))] + ([(-180.0, east - 360)] if east > 180 else [])
        least = {} if self.min_magnitude is None else {"minmagnitude": _plain(self.min_magnitude)}
        if self.bounds == WORLD:
            return [least]
        return [
            {**dict(zip(names, map(_plain, (*meridians, *parallels)), strict=True)), **least}
            for meridians in parts
        ]


@dataclass(frozen=True)
class Source:
    """The rows that a service gave, in order of time, the query and when it was asked."""

    rows: pa.Table
    query: Query
    began: Time


def download(
    output: Path,
    given: Mapping[str, Any],
    report: Report,
    patience: web.Patience | None = None,
) -> list[str]:
    """Download a catalogue or bring a downloaded one up to date; return lines on what was found.

    `given` are the fields of `Query` that the user named; others are those of the output, where it was
    downloaded before. Stopped, it goes on where it was when called again.

    Raises:
        InputError: for another query than the output's, and for a file of another origin in the way.
        TerrellaError: where the service does not answer.
    """
    check_output(output)
    patience = web.PATIENCE if patience is None else patience
    before = _read_source(output)
    query = _query(given, before, output)
    now = np.datetime64("now", "s")
    base = None if before is None else str(before.began)
    with kept_folder(output, {"query": json.loads(_json(query)), "base": base, "began": str(now)}) as kept:
        folder, begun = kept
        began = np.datetime64(begun["began"], "s")
        service = fdsn.find_service(query.service, patience, report)
        pieces = Pieces(folder, service, query.parameters(), patience, report)
        rows = _fetched(pieces, query, before, began)
        if rows.num_rows == 0:
            raise InputError(f"{query.service} has no event for {_described(query)}; widen the query")
        _write_source(Source(rows, query, began), output)
        same = before is not None and output.exists() and rows.equals(before.rows)
        lines = (
            [] if same else _write_output(output, query)
        )  # whoever follows the file reads it when it changes
        changed = [] if before is None else [_changes(before.rows, rows, before.began)]
    return [*lines, *changed, f"{output} holds {_described(query, began)} from {query.service}"]


def _fetched(pieces: Pieces, query: Query, before: Source | None, began: Time) -> pa.Table:
    """Return all rows of a query, of which those before are known."""
    first, last = _span(query, began)
    if before is None:
        return _agreed(
            pieces, _merged(fdsn.SCHEMA.empty_table(), pieces.fetch("all", first, last)), first, last
        )
    border = max(first, _span(query, before.began)[1] - _RECENT)
    rows = _replaced(before.rows, pieces.fetch("recent", border, last), border, last)
    if border == first:
        return _agreed(pieces, rows, first, last)
    if not pieces.service.updated_after:
        return _agreed(
            pieces, _replaced(rows, pieces.fetch("older", first, border), first, border), first, last
        )
    since = {"updatedafter": str(before.began - _OVERLAP)}
    rows = _merged(rows, pieces.fetch("changed", first, border, since))
    if pieces.service.comcat:
        try:
            gone = pieces.fetch("deleted", first, border, {**since, "includedeleted": "only"})
        except web.RefusedError:
            gone = fdsn.SCHEMA.empty_table()  # the counts will find them, with more requests
        ids = pc.filter(gone["id"], pc.equal(gone["status"], "deleted"))
        rows = rows.filter(pc.invert(pc.is_in(rows["id"], value_set=ids.combine_chunks())))
    return _agreed(pieces, rows, first, last)


def _agreed(pieces: Pieces, rows: pa.Table, first: Time, last: Time) -> pa.Table:
    """Return the rows with those times fetched again in which the service counts another number of events.

    Every event that the service has is among the rows or was fetched as changed, so that equal numbers mean equal
    events: this finds what was deleted, what took another id, and what a revision moved out of the query.
    """
    if not pieces.service.counts:
        return rows
    expected, held = pieces.count(first, last), int(_within(rows, first, last).sum())
    if expected == held:
        return rows
    if max(expected, held) <= _FEW or last - first < np.timedelta64(2, "s"):
        return _replaced(rows, pieces.fetch("differing", first, last), first, last)
    middle = first + (last - first) // 2
    return _agreed(pieces, _agreed(pieces, rows, first, middle), middle, last)


def _replaced(rows: pa.Table, fetched: pa.Table, first: Time, last: Time) -> pa.Table:
    """Return the rows with those from one time to another, both included, given way to what was fetched."""
    return _merged(rows.filter(pa.array(~_within(rows, first, last))), fetched)


def _merged(rows: pa.Table, fetched: pa.Table) -> pa.Table:
    """Return both in order of time; of rows with the same id the last one stays."""
    both = pa.concat_tables([rows, fetched])
    both = both.filter(pa.array(~pd.Index(both["id"].to_numpy()).duplicated(keep="last")))
    return both.take(pa.array(np.lexsort([both["id"].to_numpy().astype(str), _times(both)])))


def _changes(before: pa.Table, after: pa.Table, since: Time) -> str:
    """Return a line on how many events are new, revised and gone."""
    where = pd.Index(before["id"].to_numpy()).get_indexer(pd.Index(after["id"].to_numpy()))
    known = where >= 0
    old, new = before.take(pa.array(where[known])), after.filter(pa.array(known))
    revised = np.zeros(new.num_rows, bool)
    for name in fdsn.SCHEMA.names:
        revised |= pc.not_equal(old[name], new[name]).to_numpy()
    return (
        f"{int((~known).sum()):,} new, {int(revised.sum()):,} revised and "
        f"{before.num_rows - int(known.sum()):,} deleted events since {since}Z"
    )


def _query(given: Mapping[str, Any], before: Source | None, output: Path) -> Query:
    """Return the query that is asked for, the output's own where nothing is said."""
    named = {key: value for key, value in given.items() if value is not None}
    if "service" in named:
        named["service"] = fdsn.service_url(named["service"])
    for key in ("start", "end"):
        if key in named:
            named[key] = str(parse_time(named[key], f"--{key}").astype("datetime64[s]"))
    if before is not None:
        for key, value in named.items():
            if (was := getattr(before.query, key)) != value:
                option = "--region or --bounds" if key == "bounds" else f"--{key.replace('_', '-')}"
                raise InputError(
                    f"{output} was downloaded with another {option} ({was}, now {value}); leave the option out to "
                    "bring it up to date, or give another -o"
                )
        return before.query
    if output.exists():
        raise InputError(f"{output} exists and was not downloaded by this command; give another -o")
    for key, example in (("bounds", "--region california"), ("start", "--start 1980-01-01")):
        if key not in named:
            raise InputError(f"to download, say {example}, or name a catalogue file to convert")
    query = Query(**{"service": fdsn.SERVICES["usgs"], "end": None, "min_magnitude": None, **named})
    _span(query, np.datetime64("now", "s"))
    return query


def _span(query: Query, began: Time) -> tuple[Time, Time]:
    """Return the first and last second of a query that was asked at a time."""
    first = np.datetime64(query.start, "s")
    last = began if query.end is None else min(began, np.datetime64(query.end, "s"))
    if not first < last:
        end = "the present" if query.end is None else f"--end {query.end} and the present"
        raise InputError(f"--start {query.start} must come before {end}")
    return first, last


def _read_source(output: Path) -> Source | None:
    """Return the rows that an output was made from, or None where it was not downloaded."""
    path = _source_path(output)
    if not path.exists():
        return None
    try:
        table = pq.read_table(path)
        told = json.loads(table.schema.metadata[_KEY])
        query = Query(**{**told["query"], "bounds": tuple(told["query"]["bounds"])})
        return Source(
            table.select(fdsn.SCHEMA.names).cast(fdsn.SCHEMA), query, np.datetime64(told["began"], "s")
        )
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged; delete it and {output.name} to download again") from error


def _write_source(source: Source, output: Path) -> None:
    told = {"query": asdict(source.query), "began": str(source.began)}
    rows = source.rows.replace_schema_metadata({_KEY: json.dumps(told).encode()})
    replace_file(_source_path(output), lambda path: pq.write_table(rows, path, compression="zstd"))


def _write_output(output: Path, query: Query) -> list[str]:
    raw = read_parquet(_source_path(output))
    catalogue, findings = check_events(
        raw, output.name.split(".")[0], drop_incomplete=True, drop_impossible=True
    )
    if query.end is not None:
        # A service's end belongs to its answer; ours does not.
        catalogue = catalogue[catalogue.time_utc < np.datetime64(query.end, "s")]
    write_catalogue(catalogue, output)
    return findings.lines()


def _within(rows: pa.Table, first: Time, last: Time) -> np.ndarray:
    when = _times(rows)
    return np.asarray((when >= first) & (when <= last))


def _times(rows: pa.Table) -> np.ndarray:
    place = Place("the service's answer", lambda row: f"event {rows['id'][row]}")
    return times(rows["time"], "time", place, [])


def _described(query: Query, began: Time | None = None) -> str:
    where = ", ".join(_plain(value) for value in query.bounds)
    above = "" if query.min_magnitude is None else f" of M {_plain(query.min_magnitude)} and above"
    end = query.end or (f"{began}Z" if began is not None else "now")
    return f"events{above} from {query.start} to {end} in {where} (west, east, south, north)"


def _source_path(output: Path) -> Path:
    return output.with_name(f"{output.name}.source.parquet")


def _json(query: Query) -> str:
    return json.dumps(asdict(query))


def _plain(value: float) -> str:
    return f"{value:g}" if value != round(value, 6) else f"{round(value, 6):.10g}"
