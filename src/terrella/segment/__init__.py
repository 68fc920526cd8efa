"""Pixel-wise detection in seismic sections and volumes: arrivals of microseismic events, faults, horizons.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.segment.task",
    "judge": "terrella.segment.task",
    "predict": "terrella.segment.task",
    "SegmentSettings": "terrella.segment.settings",
    "load_segmenter": "terrella.segment.bundle",
    "open_sections": "terrella.segment.data.sections",
}
__all__ = list(_PUBLIC)
__getattr__ = loader(__name__, _PUBLIC)
