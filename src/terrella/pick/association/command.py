"""`terrella pick associate`: a table of picks to a catalogue file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.write import check_output, write_catalogue
from terrella.pick.association.associate import Association, AssociationSettings, associate
from terrella.pick.association.map import write_map
from terrella.pick.association.sites import Stations
from terrella.pick.association.tables import Picks, read_picks, read_stations
from terrella.pick.data.tally import Tally

MAGNITUDE_TYPE = "ml"
_FEWER = (6, 5)  # picks of an event that are sought where none has enough; any four picks have a hypocentre


def associate_files(
    picks_file: Path,
    stations_file: Path,
    output: Path,
    settings: AssociationSettings | None = None,
) -> list[str]:
    """Write the catalogue of a file of picks, and beside it what became of every pick; return what to say.

    The catalogue's suffix chooses its format; NAME.assignments.csv has a row per pick of an event,
    NAME.left_out.csv one per pick of none, with the reason, and NAME.png is a map of stations and events.

    Raises:
        InputError: where a file cannot be read, or no event is found.
    """
    check_output(output)
    found = Tally()
    settings = settings or AssociationSettings()
    offset = settings.magnitude_offset
    with found.told_with_errors():
        stations = read_stations(stations_file, found)
        picks = read_picks(picks_file, stations, found)
        made = associate(picks, stations, settings)
        if made.events.empty:
            number = len(np.unique(picks.station.astype(str)))
            raise InputError(
                f"{picks_file}: no event among {len(picks):,} picks of {number} stations with at least "
                f"{settings.min_picks} picks, {settings.min_p} of P and {settings.min_s} of S; "
                + _what_would_do(picks, stations, settings)
            )
    write_catalogue(catalogue_of(made.events, offset, output.name, event_ids(made.events)), output)
    beside = assignments_path(output)
    table = _assignments(made, picks, offset)
    replace_file(beside, lambda path: table.to_csv(path, index=False, float_format="%.3f"))
    rest, map_file = (
        output.with_name(f"{_stem(output)}.left_out.csv"),
        output.with_name(f"{_stem(output)}.png"),
    )
    replace_file(rest, lambda path: _left_out(made, picks).to_csv(path, index=False, float_format="%.3f"))
    there = stations.part(stations.during(picks.time_utc[0], picks.time_utc[-1]))
    write_map(map_file, made.events, there if len(there) else stations)
    said = [*found.lines(), *_summary(made, picks, settings)]
    return [*said, f"{output}, {beside}, {rest}, {map_file}"]


def _what_would_do(picks: Picks, stations: Stations, settings: AssociationSettings) -> str:
    """Return the flags that let the event with the most picks through."""
    for least in (settings.min_picks, *(n for n in _FEWER if n < settings.min_picks)):
        looser = replace(settings, min_picks=least, min_p=1, min_s=0)
        made = associate(picks, stations, looser)
        if made.events.empty:
            continue
        best = int(made.events["picks"].argmax())
        phases = picks.phase[made.assignments["pick"][made.assignments["event"] == best]]
        p, s = (int((phases == phase).sum()) for phase in "PS")
        wanted = (
            ("--min-picks", settings.min_picks, p + s),
            ("--min-p", settings.min_p, p),
            ("--min-s", settings.min_s, s),
        )
        flags = " ".join(f"{flag} {has}" for flag, asked, has in wanted if has < asked)
        return f"the best has {p + s} picks, {p} of P and {s} of S, and comes with {flags}"
    return "nor does one come with fewer; check clocks, coordinates and their units"


def assignments_path(output: Path) -> Path:
    """Return where the picks of the events of a catalogue go."""
    return output.with_name(f"{_stem(output)}.assignments.csv")


def _stem(output: Path) -> str:
    return output.name.split(".")[0]


def catalogue_of(events: pd.DataFrame, offset: float, name: str, names: Sequence[str]) -> Catalogue:
    """Return events of an association as a catalogue, with their names."""
    catalogue = make_catalogue(
        events["time"].to_numpy(),
        events["longitude"],
        events["latitude"],
        events["magnitude"] + offset,
        events["depth_km"],
        name,
    )
    kind = np.zeros(len(events), np.int8)
    ids = np.array(list(names), "S")
    return replace(catalogue, magnitude_type=kind, magnitude_types=(MAGNITUDE_TYPE,), event_id=ids)


def event_ids(events: pd.DataFrame) -> list[str]:
    """Return names from the times of the events, with a letter where two share a millisecond."""
    names = [time.strftime("%Y%m%dT%H%M%S") + f"{time.microsecond // 1000:03d}" for time in events["time"]]
    return [name + "b" * names[:i].count(name) for i, name in enumerate(names)]


def _assignments(made: Association, picks: Picks, offset: float) -> pd.DataFrame:
    table = made.assignments
    of = table["pick"].to_numpy(np.int64)
    names = np.array(event_ids(made.events), object)
    return pd.DataFrame(
        {
            "event_id": names[table["event"].to_numpy(np.int64)],
            "trace_id": picks.trace_id[of],
            "phase": picks.phase[of],
            "time": [f"{time}Z" for time in picks.time_utc[of].astype(str)],
            "residual_s": table["residual_s"],
            "distance_km": table["distance_km"],
            "amplitude": picks.amplitude[of],
            "station_magnitude": table["magnitude"] + offset,
        }
    )


def _left_out(made: Association, picks: Picks) -> pd.DataFrame:
    rest = made.left_out
    of, event = rest["pick"].to_numpy(np.int64), rest["event"].to_numpy(np.int64)
    names = np.array([*event_ids(made.events), ""], object)  # −1 is the last: no event
    return pd.DataFrame(
        {
            "trace_id": picks.trace_id[of],
            "phase": picks.phase[of],
            "time": [f"{time}Z" for time in picks.time_utc[of].astype(str)],
            "reason": rest["reason"],
            "nearest_event_id": names[event],
            "misfit_s": rest["misfit_s"],
        }
    )


def _summary(made: Association, picks: Picks, settings: AssociationSettings) -> list[str]:
    used, residual = len(made.assignments), made.assignments["residual_s"]
    lines = [
        f"{len(made.events):,} events from {used:,} of {len(picks):,} picks "
        f"({used / len(picks):.0%}), residuals of {residual.std():.2f} s in the {settings.velocity.name}",
        "magnitudes: log10 of the amplitudes as given, minus Hutton and Boore's (1987) log10 A0, plus "
        f"{settings.magnitude_offset:.3g}; local magnitudes only if the amplitudes are mm on a Wood-Anderson "
        "seismometer, else relative ones",
    ]
    if reasons := made.left_out["reason"].value_counts().to_dict():
        told = "; ".join(f"{count:,}: {reason}" for reason, count in reasons.items())
        lines.append(f"{len(made.left_out):,} picks belong to no event. {told}")
    missing = int(made.events["magnitude"].isna().sum())
    if missing:
        lines.append(f"{missing:,} events have no pick with an amplitude, and so no magnitude")
    outside = int(made.events["at_edge"].sum())
    if outside:
        lines.append(
            f"{outside:,} events lie at the edge of the volume, {settings.margin_km:g} km around the stations, and "
            "probably beyond it; a larger --margin-km finds their places"
        )
    return lines
