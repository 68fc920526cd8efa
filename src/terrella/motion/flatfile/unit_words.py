"""Units of ground motion in words: what stands beside a measure in a column's name, or in a column of units."""

import re

G_CM_S2 = 980.665
UNITS: dict[str, float] = {"g": 1.0, "%g": 0.01, "m/s2": 100 / G_CM_S2, "cm/s2": 1 / G_CM_S2, "mg": 0.001}
VELOCITIES: dict[str, float] = {"cm/s": 1.0, "m/s": 100.0, "mm/s": 0.1}
_WORDS = {
    "g": ("g", "ing", "gs", "gravity"), "mg": ("mg", "millig"),
    "%g": ("%g", "pctg", "percentg", "%ofg", "pctofg"),
    "cm/s2": ("cms2", "cmss", "cmsec2", "cmpers2", "gal", "gals", "cmsecsec", "cmsq", "cmssq", "cms2gal"),
    "m/s2": ("ms2", "msec2", "mss", "mpers2", "msecsec", "mssq"),
}  # fmt: skip
_VELOCITY_WORDS = {
    "cm/s": ("cms", "cmsec", "cmpers", "cmpersec", "kine"), "m/s": ("ms", "msec", "mpers"),
    "mm/s": ("mms", "mmsec"),
}  # fmt: skip
_SAID = {word: unit for unit, words in _WORDS.items() for word in words}
_SAID_VELOCITY = {word: unit for unit, words in _VELOCITY_WORDS.items() for word in words}


def said_unit(text: str) -> str | None:
    """Return the unit of acceleration that a text says; None where it says none."""
    return _SAID.get(_plain(text))


def said_velocity(text: str) -> str | None:
    """Return the unit of velocity that a text says; None where it says none."""
    return _SAID_VELOCITY.get(_plain(text))


def _plain(text: str) -> str:
    powers = text.lower().replace("²", "2").replace("**", "").replace("-1", "").replace("-2", "2")
    return re.sub(r"[^a-z0-9%]", "", powers)
