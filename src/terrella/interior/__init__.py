"""The Earth's interior: temperature and composition with intervals, from pressure, velocities and density.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.interior.task",
    "judge": "terrella.interior.task",
    "predict": "terrella.interior.task",
    "Grid": "terrella.interior.tables.grid",
    "Observed": "terrella.interior.tables.grid",
    "read_table": "terrella.interior.tables.read",
    "Profile": "terrella.interior.profiles.read",
    "read_profile": "terrella.interior.profiles.read",
    "prem_profile": "terrella.interior.profiles.reference",
    "rock": "terrella.interior.minerals.assemblage",
    "pressure_gpa": "terrella.earth.pressure",
    "InteriorSettings": "terrella.interior.settings",
    "InteriorModel": "terrella.interior.model",
    "load_model": "terrella.interior.model",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
