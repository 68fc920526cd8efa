"""BibTeX of the papers behind the methods, by the name of the method."""

from terrella.references.explaining import EXPLAINING
from terrella.references.interior import INTERIOR
from terrella.references.models import MODELS
from terrella.references.stations import STATIONS
from terrella.references.surfaces import SURFACES
from terrella.references.texts import TEXTS

REFERENCES: dict[str, str] = {**MODELS, **INTERIOR, **TEXTS, **EXPLAINING, **SURFACES, **STATIONS}
