"""A simulated corpus with a known truth: sentences of a small grammar whose names mean what their context says.

One invented name can be a place, a stratum or an author; ages, minerals and rocks occur inside names of places.
Names of the test never occur in training, so that a list of names does not help.
"""

import re
from collections.abc import Sequence

import numpy as np

from terrella.literature.corpus.spans import OUTSIDE, Sentence

KINDS = ("AGE", "MINERAL", "PLACE", "ROCK", "STRAT")
_ROCKS = (
    "granite", "basalt", "sandstone", "siltstone", "mudstone", "limestone", "dolostone", "schist", "gneiss",
    "andesite", "rhyolite", "gabbro", "slate", "chalk", "marble", "tuff", "conglomerate", "shale",
    "quartzite", "peridotite",
)  # fmt: skip
_MINERALS = (
    "quartz", "pyrite", "gold", "silver", "copper", "galena", "calcite", "feldspar", "garnet", "olivine",
    "biotite", "opal", "magnetite", "zircon", "hematite",
)  # fmt: skip
_AGES = (
    "Cambrian", "Ordovician", "Silurian", "Devonian", "Carboniferous", "Permian", "Triassic", "Jurassic",
    "Cretaceous", "Palaeogene",
)  # fmt: skip
_WORDS = {
    "degree": ["strongly", "weakly", "partly", "locally", "deeply"],
    "state": ["weathered", "altered", "folded", "faulted", "foliated", "mineralised"],
    "grain": ["fine-grained", "coarse-grained", "massive", "banded", "laminated", "grey"],
    "form": ["veins", "lenses", "nodules", "beds", "dykes", "sills"],
    "work": ["mapped", "logged", "described", "sampled", "revised"],
    "unit": ["Formation", "Group", "Member", "Beds"],
    "land": ["Valley", "Bay", "Hills", "Ridge", "Island", "Creek"],
    "number": ["two", "three", "twelve", "40", "110", "several"],
    "method": ["drilling", "mapping", "geochemistry", "gravity", "palynology"],
}
# [KIND …] is an entity; what stands in braces is drawn. {n} is an invented name that one sentence uses once.
_SENTENCES = (
    "The [STRAT {n} {unit}] overlies {grain} [ROCK {rock}] of [AGE {age}] age .",
    "The [STRAT {n} {unit}] consists of [ROCK {rock}] and {grain} [ROCK {rock}] .",
    "The [STRAT {n}] , as {work} by {n} and others , rests on {state} [ROCK {rock}] .",
    "[PLACE {n}] , as {work} by {n} and others , was reached on foot .",
    "The [STRAT {n}] is {number} metres thick and {degree} {state} .",
    "The [PLACE {n}] is {number} kilometres wide and drains to the west .",
    "Near [PLACE {n}] , {degree} {state} [ROCK {rock}] holds {form} of [MINERAL {mineral}] .",
    "[MINERAL {mineral}] and [MINERAL {mineral}] occur in {form} at [PLACE {n} {land}] .",
    "{n} ( 1987 ) {work} the [AGE {age}] [ROCK {rock}] .",
    "Samples were taken by {n} at [PLACE {n}] and at [PLACE {n} {land}] .",
    "At [PLACE {age} {land}] , {grain} [ROCK {rock}] crops out .",
    "The road from [PLACE {Mineral} {land}] to [PLACE {n}] crosses [ROCK {rock}] .",
    "The {rock} quarry owned by {Rock} Brothers was closed .",
    "The [STRAT {n} {Rock} {unit}] is of [AGE {when} {age}] age .",
    "[AGE {when} {age}] [ROCK {rock}] is cut by {form} of [ROCK {rock}] .",
    "In the {n} model the grains are {mineral} red and {rock} grey .",
    "The [ROCK {rock}] contains [MINERAL {mineral}] , some [MINERAL {mineral}] and rare [MINERAL {mineral}] .",
    "{method} showed that the {rock} company of {n} had missed the [STRAT {n}] .",
    "Between [PLACE {n}] and [PLACE {n}] the [STRAT {n}] thins above the [STRAT {n} {unit}] .",
    "The [STRAT {n}] , although {degree} {state} and {state} , dips north .",
    "The [PLACE {n}] , although narrow and {degree} {state} , flows north .",
    "[PLACE {n}] is {work} elsewhere .",  # and which of the two
    "[STRAT {n}] is {work} elsewhere .",  # it is, nobody can tell
    "No [MINERAL {mineral}] was found , but the silver lining is a {degree} {state} [ROCK {rock}] .",
)
_BEGINNINGS = (
    "Kar", "Tol", "Bren", "Mor", "Wil", "Ash", "Dun", "Hal", "Ister", "Nor", "Pel", "Ros", "Stan", "Trev",
    "Ul", "Var", "Wen", "Yar", "Zel", "Cor",
)  # fmt: skip
_MIDDLES = ["", "a", "er", "in", "o", "el"]
_ENDS = (
    "row", "mir", "ton", "dale", "ford", "wick", "by", "stead", "more", "gan", "beck", "lin",
)  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")


def simulate(number: int, seed: int, held_out: bool = False) -> list[Sentence]:
    """Return so many sentences; the names of `held_out` ones are others than those of the rest."""
    draw = np.random.default_rng((seed, held_out))
    names = _names()
    own = names[1::2] if held_out else names[::2]
    return [_sentence(str(draw.choice(_SENTENCES)), own, draw) for _ in range(number)]


def _names() -> list[str]:
    made = [a + b + c for a in _BEGINNINGS for b in _MIDDLES for c in _ENDS]
    return list(np.random.default_rng(7).permutation(made))


def _sentence(template: str, names: Sequence[str], draw: np.random.Generator) -> Sentence:
    filled = _SLOT.sub(lambda slot: _drawn(slot.group(1), names, draw), template)
    filled = re.sub(
        r"^([a-z])", lambda first: first.group().upper(), re.sub(r"^(\[\w+ )([a-z])", _capital, filled)
    )
    tokens, labels, kind, inside = [], [], "", False
    for word in filled.split():
        if word.startswith("["):
            kind, inside = word[1:], False
            continue
        token = word.rstrip("]")
        tokens.append(token)
        labels.append(f"{'I' if inside else 'B'}-{kind}" if kind else OUTSIDE)
        inside = bool(kind)
        if word.endswith("]"):
            kind = ""
    return Sentence(tuple(tokens), tuple(labels))


def _drawn(slot: str, names: Sequence[str], draw: np.random.Generator) -> str:
    if slot == "n":
        return str(names[int(draw.integers(len(names)))])
    if slot == "when":
        return str(draw.choice(["Early", "Middle", "Late"]))
    pool = {"rock": _ROCKS, "mineral": _MINERALS, "age": _AGES, **_WORDS}[slot.lower()]
    word = str(draw.choice(pool))
    return word.capitalize() if slot[0].isupper() else word


def _capital(first: re.Match[str]) -> str:
    return first.group(1) + first.group(2).upper()
