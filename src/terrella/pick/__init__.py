"""From waveforms to phase picks: detection, phase identification, onset picking, compared and run.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "Store": "terrella.pick.store",
    "open_store": "terrella.pick.data.open",
    "make_store": "terrella.pick.data.store",
    "make_domain": "terrella.pick.synthetic.domains",
    "architecture": "terrella.pick.networks",
    "load_picker_network": "terrella.pick.bundle",
    "PickSettings": "terrella.pick.settings",
    "CompareSettings": "terrella.pick.comparison.settings",
    "train": "terrella.pick.task",
    "judge": "terrella.pick.task",
    "predict": "terrella.pick.task",
    "compare": "terrella.pick.comparison.compare",
    "Targets": "terrella.pick.judging.targets",
    "make_targets": "terrella.pick.judging.targets",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
