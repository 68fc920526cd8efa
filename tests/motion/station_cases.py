"""Data sets of made seismograms in SeisBench's format, and settings that train on them in a second."""

from pathlib import Path

import numpy as np

from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.motion.single_station.synthetic import make_network, velocity
from terrella.motion.single_station.windows import Windowing

CUT = Windowing(12.0, 20.0)
GAIN = 4e8  # counts·s/m
FORM = {"component_order": "ENZ", "measurement": "velocity", "unit": "counts"}


def small(**others) -> list:
    """Return flags of a small training, with others in place of them: station_folds=3."""
    data = {"kind": "waveforms", "seconds": 12, "event_folds": 2, "station_folds": 2, **others}
    flags = [part for name, value in data.items() for part in (f"--data.{name.replace('_', '-')}", value)]
    return [*flags, "--network.channels", 4, "--fit.epochs", 2, "--judge.resamples", 40]


def write_set(
    folder: Path, seed: int = 0, events: int = 30, change=lambda row, about: None, form=FORM
) -> Path:
    """Write a data set of about five traces an event, each row's metadata changed as asked; return its folder."""
    draw = np.random.default_rng(seed)
    net = make_network(events, 25, draw)
    pairs = np.flatnonzero(net.along_km < 120)
    motion, found = velocity(net, pairs, CUT, draw)
    sp = found.first_s("S") - found.first_s("P")
    traces = []
    for row, pair in enumerate(pairs):
        about = {
            "source_id": f"{seed}-{net.event[pair]}", "source_magnitude": net.magnitude[pair],
            "source_magnitude_type": "Mw", "source_depth_km": net.depth_km[pair],
            "path_ep_distance_km": net.along_km[pair], "station_network_code": "XX",
            "station_code": f"S{seed}{net.station[pair]:02d}", "station_elevation_m": 500.0,
            "station_sensitivity_counts_spm": f"[{GAIN} {GAIN} {GAIN}]", "trace_sampling_rate_hz": CUT.rate_hz,
            "trace_name": f"t{row}", "trace_Pg_arrival_sample": CUT.before,
            "trace_Sg_arrival_sample": CUT.before + sp[row] * CUT.rate_hz if sp[row] < 11 else np.nan,
        }  # fmt: skip
        change(row, about)
        traces.append((about, GAIN * motion[row, ::-1]))
    write_data_set(folder, traces, form)
    return folder
