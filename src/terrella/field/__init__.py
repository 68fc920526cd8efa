"""The main magnetic field some years ahead: secular variation at observatories, and Gauss coefficients.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.field.task",
    "judge": "terrella.field.task",
    "predict": "terrella.field.task",
    "Observatories": "terrella.field.observatories.table",
    "read_observatories": "terrella.field.observatories.read",
    "Coefficients": "terrella.field.harmonics.shc",
    "read_shc": "terrella.field.harmonics.shc",
    "field_at": "terrella.field.harmonics.schmidt",
    "power_spectrum": "terrella.field.harmonics.schmidt",
    "geocentric": "terrella.field.harmonics.geodesy",
    "elements": "terrella.field.harmonics.geodesy",
    "filtered": "terrella.field.secular_variation.filter",
    "simulate": "terrella.field.simulated",
    "FieldSettings": "terrella.field.settings",
    "FieldModel": "terrella.field.model",
    "load_model": "terrella.field.model",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
