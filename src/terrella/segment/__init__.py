"""Pixel-wise detection in seismic sections and volumes: arrivals of microseismic events, faults, horizons.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.segment.task",
    "judge": "terrella.segment.task",
    "predict": "terrella.segment.task",
    "Section": "terrella.formats.sections.section",
    "open_section": "terrella.formats.sections.open",
    "convert": "terrella.segment.data.convert",
    "segy_headers": "terrella.formats.sections.segy_write",
    "write_segy": "terrella.formats.sections.segy_write",
    "open_sections": "terrella.segment.data.sections",
    "LabelledSection": "terrella.segment.data.labelled",
    "make_survey": "terrella.segment.synthetic.survey",
    "make_section": "terrella.segment.synthetic.section",
    "SegmentSettings": "terrella.segment.settings",
    "make_network": "terrella.segment.bundle",
    "Segmenter": "terrella.segment.bundle",
    "load_segmenter": "terrella.segment.bundle",
    "sta_lta": "terrella.segment.baselines.sta_lta",
    "semblance": "terrella.segment.baselines.semblance",
    "discontinuity": "terrella.segment.baselines.coherence",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
