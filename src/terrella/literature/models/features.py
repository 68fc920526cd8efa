"""What a conditional random field sees of a token: two fixed sets of features."""

import re
from collections.abc import Callable, Sequence

Features = Callable[[Sequence[str], bool], list[list[str]]]
_RUNS = re.compile(r"(.)\1+")
_NEIGHBOURS = (-2, -1, 1, 2)
REACH = max(_NEIGHBOURS)  # tokens on either side that a token's features are made of


def textbook(tokens: Sequence[str], cased: bool) -> list[list[str]]:
    """Return the usual small set: the word, its endings, its case, and the words beside it."""
    low = [token.lower() for token in tokens]
    found = []
    for at, word in enumerate(low):
        own = ["bias", f"w={word}", f"s3={word[-3:]}", f"s2={word[-2:]}", f"digit={word.isdigit()}"]
        own += _case(tokens[at], "", cased)
        for away in (-1, 1):
            if 0 <= at + away < len(low):
                own += [f"w{away}={low[at + away]}", *_case(tokens[at + away], str(away), cased)]
            else:
                own.append(f"edge{away}")
        found.append(own)
    return found


def wide(tokens: Sequence[str], cased: bool) -> list[list[str]]:
    """Return a wider set: beginnings and endings, shapes, two words on either side, and pairs of words."""
    low = [token.lower() for token in tokens]
    shapes = [shape_of(token) for token in tokens] if cased else []
    found = []
    for at, word in enumerate(low):
        own = [
            "bias",
            f"w={word}",
            *(f"s{n}={word[-n:]}" for n in (2, 3, 4)),
            *(f"p{n}={word[:n]}" for n in (3, 4)),
        ]
        if cased:
            own.append(f"shape={shapes[at]}")
        for away in _NEIGHBOURS:
            if not 0 <= at + away < len(low):
                own.append(f"edge{away}")
                continue
            own.append(f"w{away}={low[at + away]}")
            if abs(away) == 1:
                own.append(f"s3{away}={low[at + away][-3:]}")
                own += [f"shape{away}={shapes[at + away]}"] if cased else []
        own += [f"pair-={low[at - 1]}|{word}"] if at else []
        own += [f"pair+={word}|{low[at + 1]}"] if at + 1 < len(low) else []
        found.append(own)
    return found


def shape_of(token: str) -> str:
    """Return a token's shape: NO76NW becomes XXddXX; runs longer than two are cut to two."""
    kinds = ("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in token)
    return _RUNS.sub(r"\1\1", "".join(kinds))


def _case(token: str, where: str, cased: bool) -> list[str]:
    return [f"upper{where}={token.isupper()}", f"title{where}={token.istitle()}"] if cased else []


SETS: dict[str, Features] = {"textbook": textbook, "wide": wide}
