"""From waveforms to phase picks: detection, phase identification, onset picking, compared and run.

The task's table of contents: its public names, each loaded when it is first used.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Store": "terrella.pick.store",
    "open_store": "terrella.pick.data.open",
    "make_store": "terrella.pick.data.store",
    "make_domain": "terrella.pick.synthetic.domains",
    "architecture": "terrella.pick.networks",
    "load_picker_network": "terrella.pick.bundle",
    "PickSettings": "terrella.pick.settings",
    "CompareSettings": "terrella.pick.comparison.settings",
    "train": "terrella.pick.train",
    "compare": "terrella.pick.comparison.compare",
    "make_targets": "terrella.pick.judging.targets",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"terrella.pick has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(_PUBLIC[name]), name)
