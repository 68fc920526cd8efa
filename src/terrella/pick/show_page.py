"""Picks on the waveforms of a station as a page of one file, to look around in."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from terrella.engine.one_file_page import write_page
from terrella.formats.waveforms.archive import Segment
from terrella.formats.waveforms.phases import phase_kind

_LARGEST = 2**15 - 1  # samples are drawn in 16 bits


def write_picks_page(
    path: Path, segments: Sequence[Segment], picks: pd.DataFrame, station: str, first_ns: int, end_ns: int
) -> None:
    """Write the page of what a station recorded between two times, with its picks there."""
    codes = sorted({each.code for each in segments}, key=lambda code: "ZNE123".find(code[3][-1]))
    components = [
        {
            "channel": code[3],
            "segments": [
                found for each in segments if each.code == code if (found := _segment(each, first_ns, end_ns))
            ],
        }
        for code in codes
    ]
    data = {
        "station": station,
        "first_ms": first_ns / 1e6,
        "seconds": (end_ns - first_ns) / 1e9,
        "components": components,
        "picks": _picks(picks, first_ns),
    }
    write_page(path, "terrella.pick", "show.html", ("show.js",), data)


def _segment(segment: Segment, first_ns: int, end_ns: int) -> dict[str, Any] | None:
    step = 1e9 / segment.rate_hz
    low = max(0, int((first_ns - segment.first_ns) / step))
    samples = segment.samples[low : max(low, int((end_ns - segment.first_ns) / step) + 1)].astype(np.float64)
    if not len(samples):
        return None
    samples = np.where(np.isfinite(samples), samples, 0)
    samples -= samples.mean()
    unit = float(np.abs(samples).max()) / _LARGEST or 1.0
    return {
        "first": (segment.first_ns + low * step - first_ns) / 1e9,
        "rate": segment.rate_hz,
        "unit": unit,
        "samples": base64.b64encode(np.rint(samples / unit).astype("<i2").tobytes()).decode(),
    }


def _picks(picks: pd.DataFrame, first_ns: int) -> list[dict[str, Any]]:
    ns = picks["time"].to_numpy("datetime64[ns]").astype(np.int64)
    numbers = {
        name: [None if np.isnan(value) else value for value in picks[name].tolist()]
        for name in ("probability", "uncertainty_s")
    }
    return [
        {
            "phase": phase,
            "kind": kind,
            "second": round((at - first_ns) / 1e9, 6),
            **{name: values[row] for name, values in numbers.items()},
        }
        for row, (phase, at) in enumerate(zip(picks["phase"].astype(str), ns.tolist(), strict=True))
        if (kind := phase_kind(phase)) is not None
    ]
