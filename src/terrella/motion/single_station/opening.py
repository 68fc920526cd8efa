"""The traces of a task's settings: a data set's, or simulated ones."""

from pathlib import Path

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.motion.opening import SYNTHETIC, refuse_random
from terrella.motion.settings import DataSettings, MotionSettings
from terrella.motion.single_station.finishing import refuse_few
from terrella.motion.single_station.folds import pairs_of
from terrella.motion.single_station.prepared import Prepared, scaling_of
from terrella.motion.single_station.read import read_traces
from terrella.motion.single_station.synthetic import make_synthetic
from terrella.motion.single_station.traces import Traces
from terrella.motion.single_station.training import windowing


def open_traces(data: DataSettings, report: Report) -> Traces:
    """Return the traces of the settings; findings are reported.

    Raises:
        InputError: where the data set or a setting is at fault.
    """
    refuse_random(data)
    if data.flatfile == SYNTHETIC:
        return make_synthetic(data.events, data.stations, windowing(data), data.seed)
    traces = read_traces(Path(data.flatfile), windowing(data), True, report)
    for finding in traces.findings:
        report({"kind": "message", "message": f"{data.flatfile}: {finding}"})
    return traces


def prepare(traces: Traces, settings: MotionSettings) -> Prepared:
    """Return traces prepared for training.

    Raises:
        InputError: where there are fewer events or stations than folds, or hardly a trace to judge.
    """
    given = Prepared(traces, pairs_of(traces, settings.data), scaling_of(traces), mark_of(traces))
    refuse_few(given)
    return given


def mark_of(traces: Traces) -> str:
    """Return the fingerprint of traces, wherever they lie."""
    arrays = (
        traces.scalars,
        traces.magnitude,
        traces.distance_km,
        traces.window[:: max(1, len(traces) // 100)],
    )
    return fingerprint(
        *(each.tobytes() for each in arrays), *map(str, traces.event), *map(str, traces.station)
    )
