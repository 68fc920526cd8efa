"""The card of a model of magnitudes and distances: what it was trained on, what predicts, where not to trust it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from terrella.engine.judge.document import card_text
from terrella.motion.settings import MotionSettings
from terrella.motion.single_station.prepared import Prepared


def make_card(settings: MotionSettings, given: Prepared, said: Sequence[str], mark: str) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    traces, data = given.traces, settings.data
    m, r = traces.magnitude, traces.distance_km
    about = [
        f"- task: motion, of waveforms; magnitude and {traces.kind} distance (km) from one station's record",
        f"- takes {data.seconds:g} s from P on at {data.rate_hz:g} Hz, Z, N, E, with their amplitude in "
        f"{traces.unit or 'an unknown unit'}",
        f"- judged with whole events and stations left out: {data.event_folds} folds of events, each with one of "
        f"{data.station_folds} of stations; fingerprint {mark}",
        *(f"- {line}" for line in said),
    ]
    records = [
        f"- {len(traces):,} traces of {len(np.unique(traces.event)):,} events at "
        f"{len(np.unique(traces.station)):,} stations, {np.isfinite(traces.sp_s).sum():,} with a pick of S",
        f"- M {m.min():.1f}–{m.max():.1f}, {traces.kind} distance {r.min():.0f}–{r.max():.0f} km",
        *(f"- {line}" for line in traces.findings),
    ]
    limits = [
        "Magnitudes are those of the data set, of its types, and hold for its region, attenuation and instruments.",
        "Rows beyond the amplitudes, frequencies, magnitudes or distances of the training are marked as",
        "extrapolated. P must be picked; a wrong pick gives a wrong answer.",
    ]
    name = "simulated" if data.flatfile == "synthetic" else Path(data.flatfile).name
    return card_text(
        f"Magnitude and distance from one station: {name}",
        {"": about, "Data": records, "Limits": limits},
    )
