"""Which component a channel's code stands for, and of which instrument."""

import re
from dataclasses import dataclass
from functools import lru_cache

# Of a component's names those by direction come first. Of horizontals that are not aligned with north and east a
# network sees two, whatever their azimuth.
_LETTERS = {"Z": "Z3", "N": "N1RY", "E": "E2TX"}
# Names without an instrument: K-NET's, KiK-net's with the number of the sensor, Hi-net's U, and SAC's words.
_WORDS = {
    "UD": "Z", "U": "Z", "V": "Z", "UP": "Z", "VERT": "Z", "VERTICAL": "Z",
    "NS": "N", "NORTH": "N", "EW": "E", "EAST": "E",
}  # fmt: skip
_WORD = re.compile(r"(UD|NS|EW)(\d?)")
_SEED = re.compile(r"[A-Z][A-Z][A-Z0-9]")
_OTHERS = (
    "ABCDEFIJKMOQRSTUVWXYZ"  # SEED's sources that are no seismometers: pressure, clocks, states of health
)


@dataclass(frozen=True)
class Place:
    """What a channel is to its station."""

    instrument: str  # the code without the component, such as HH
    component: str  # Z, N or E; none where the code does not tell
    preference: int = 0  # the smaller goes first where two channels of an instrument have the same component


@lru_cache
def place(channel: str) -> Place | None:
    """Return the instrument and component of a channel; None where it does not record the ground's motion."""
    code = re.sub(r"[-\s]", "", channel).upper()
    if word := _WORD.fullmatch(code):
        return Place(word[2], _WORDS[word[1]])
    if code in _WORDS:
        return Place("", _WORDS[code])
    if not code or (_SEED.fullmatch(code) and code[1] in _OTHERS):
        return None
    instrument, letter = code[:-1].rstrip("_"), code[-1]
    for component, letters in _LETTERS.items():
        if letter in letters:
            return Place(instrument, component, letters.index(letter))
    return Place(instrument, "")
