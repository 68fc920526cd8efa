"""Ground motion from an event and a site; magnitude and distance from one station's record.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.motion.task",
    "judge": "terrella.motion.task",
    "predict": "terrella.motion.task",
    "Flatfile": "terrella.motion.flatfile.table",
    "Reading": "terrella.motion.flatfile.read",
    "read_flatfile": "terrella.motion.flatfile.read",
    "scenarios": "terrella.motion.flatfile.table",
    "rjb_of_epicentral": "terrella.motion.flatfile.distances",
    "make_synthetic": "terrella.motion.synthetic",
    "MotionSettings": "terrella.motion.settings",
    "MotionModel": "terrella.motion.model",
    "load_model": "terrella.motion.model",
    "StationModel": "terrella.motion.single_station.model",
    "load_station_model": "terrella.motion.single_station.model",
    "Traces": "terrella.motion.single_station.traces",
    "read_traces": "terrella.motion.single_station.read",
    "fit_linear": "terrella.motion.models.linear",
    "by_magnitude": "terrella.motion.models.variance",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
