"""Sentences and tokens of a text, with their places in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Words with inner apostrophes, points of abbreviations and numbers; what is none of these is a token of its own.
_WHOLE = re.compile(r"\d+(?:[.,]\d+)+|(?:[^\W\d_]\.){2,}|[^\W_]+(?:[-–'’/][^\W_]+)*|\S")
_PARTS = re.compile(r"\d+(?:[.,]\d+)+|(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W_]+)*|\S")
_END = re.compile(r"[.!?]+[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])|\n\s*\n")
_ABBREVIATIONS = """
al approx c ca cf co dept dr e.g eg eq eqs etc fig figs fm gp i.e ie inc jr ltd ma mbr mr mrs ms no
nos p pl pp prof ref refs resp sect sp spp st ssp tab vol vols vs
"""
_SHORT = frozenset(_ABBREVIATIONS.split())


@dataclass(frozen=True)
class Token:
    """A token and where it lies in its text: its first character, and the one after its last."""

    text: str
    start: int
    end: int


def sentences_of(text: str, hyphens: bool = True) -> list[list[Token]]:
    """Return the tokens of each sentence; without `hyphens`, words are split at their hyphens.

    A full stop ends a sentence where a capital or a digit follows, and no abbreviation or initial comes before.
    """
    borders = [0]
    for end in _END.finditer(text):
        before = re.search(r"\S*$", text[: end.start()])
        word = before.group().lstrip("([\"'“‘") if before else ""
        stopped = end.group().startswith(".")
        if stopped and (word.lower() in _SHORT or re.fullmatch(r"(?:[A-Z]\.)*[A-Z]", word)):
            continue
        borders.append(end.end())
    pattern = _WHOLE if hyphens else _PARTS
    found = []
    for begin, stop in zip(borders, [*borders[1:], len(text)], strict=True):
        tokens = [Token(m.group(), m.start(), m.end()) for m in pattern.finditer(text, begin, stop)]
        if tokens:
            found.append(tokens)
    return found


def keeps_hyphens(tokens: Iterable[str]) -> bool:
    """Return whether tokens of a corpus keep their hyphens, as in fine-grained."""
    return any(re.search(r"[^\W\d_]-[^\W\d_]", token) for token in tokens)
