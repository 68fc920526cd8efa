"""The records of a task's settings: a flatfile's, or synthetic ones."""

from pathlib import Path

import numpy as np

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.errors import InputError
from terrella.motion.flatfile.measures import measure_of
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.table import Flatfile
from terrella.motion.models.bssa14 import covers
from terrella.motion.settings import DataSettings
from terrella.motion.synthetic import make_synthetic

SYNTHETIC = "synthetic"


def open_records(data: DataSettings, report: Report) -> Flatfile:
    """Return the records with the measures that were asked for and are there; findings are reported.

    Raises:
        InputError: where the flatfile or a setting is at fault.
    """
    asked = asked_measures(data)
    refuse_random(data)
    if Path(data.flatfile).is_dir():
        raise InputError(
            f"{data.flatfile} is a folder, not a flatfile; magnitude and distance are learned of a data set of "
            "waveforms with --data.kind waveforms"
        )
    if data.flatfile == SYNTHETIC:
        return make_synthetic(data.events, data.stations, asked, data.seed).records
    records = read_flatfile(Path(data.flatfile), Reading(data.columns, data.unit, data.without))
    for finding in records.findings:
        report({"kind": "message", "message": f"{data.flatfile}: {finding}"})
    present = tuple(each for each in asked if each in records.measures)
    if not present:
        raise InputError(
            f"{data.flatfile} has none of {', '.join(asked)}; it has {', '.join(records.measures)}: choose with "
            "--data.measures"
        )
    if absent := [each for each in asked if each not in present]:
        report({"kind": "message", "message": f"{data.flatfile} has no {', '.join(absent)}: left out"})
    chosen = records.of_measures(present)
    return chosen.rows(np.flatnonzero(np.isfinite(chosen.ln_motion).any(axis=1)))


def refuse_random(data: DataSettings) -> None:
    """Refuse a random split.

    Raises:
        InputError: where it is asked for.
    """
    if data.split == "random":
        raise InputError(
            "a random split puts records of one event and station on both sides, and makes scores look better than "
            'they are (on 1,060 records 0.94 becomes 0.6); leave data.split at "events and stations"'
        )


def asked_measures(data: DataSettings) -> tuple[str, ...]:
    """Return the measures of the settings under their plain names.

    Raises:
        InputError: where one is none.
    """
    found = []
    for name in data.measures:
        read = measure_of(name)
        if read is None:
            raise InputError(f"data.measures: {name!r} is no measure; give PGA, PGV or SA(T) with T in s")
        if not covers(read.measure):
            raise InputError(
                f"data.measures: {read.measure} is beyond BSSA14, on which all rests; it has SA of 0.01 to 10 s"
            )
        found.append(read.measure)
    return tuple(dict.fromkeys(found))


def mark_of(records: Flatfile) -> str:
    """Return the fingerprint of records, whatever file they came from."""
    arrays = (records.magnitude, records.rjb_km, records.vs30_m_s, records.ln_motion)
    return fingerprint(
        *(each.tobytes() for each in arrays), *map(str, records.event), *map(str, records.station)
    )
