"""Measures of ground motion in the names of columns: PGA, PGV, SA(T), with component, unit and logarithm."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from terrella.errors import InputError
from terrella.motion.flatfile.unit_words import said_unit, said_velocity

# SA(0.3), PSA_0.3s, T0.300S, rotD50_T0_300, T0pt300S and "T = 0.3" of NGA-Subduction, PSA 5 Hz.
_SPECTRAL = re.compile(r"(p?sa|t)([\s_(\[=]*)(\d+(?:(?:[._p]|pt)\d+)?)\s*(hz|sec|s)?(?![a-z0-9])[)\]]?(.*)")
_DAMPED = re.compile(r"p?sa\(t=([\d.]+)(?:,\s*d=([\d.]+))?\)(.*)")  # of gmprocess
_DAMPING = 0.05
_PEAK = re.compile(r"(pga|pgv)(.*)")
_LOGARITHM = re.compile(r"(ln|log10|log|lg)[\s_(\[]*(?=.*(?:pga|pgv|sa|t\d))")
_PLAIN_PERIOD = re.compile(r"t(?:\d+(?:[.]|pt)\d+s?|\s*=\s*\d+(?:[.]\d+)?s?)(\s*[\[(].*)?")
# What stands before or after a measure; "v" and "w" as ESM has them are told by a "u" beside them.
_COMPONENTS = {
    "rotd50": ("rotd50", "gmrotd50", "gmroti50", "rd50", "rotdpercentile500"),
    "geometric mean": ("geomean", "gm", "geom", "gmean", "geometric", "geometricmean", "gmh"),
    "first": ("h1", "ns", "n", "north", "x", "u", "1", "hn1", "hne1", "long", "l", "comp1", "channel1"),
    "second": ("h2", "ew", "e", "east", "y", "2", "hn2", "trans", "t", "comp2", "channel2"),
    "vertical": ("v", "z", "ud", "vert", "vertical", "up", "ver", "hnz", "w"),
    "larger": ("rotd100", "larger", "max", "hmax", "maxh", "maximum", "maxhoriz", "maxhorizontal", "envelope"),
    "smaller": ("rotd00", "rotd0", "min"),
}  # fmt: skip
_COMPONENT = {word: kind for kind, words in _COMPONENTS.items() for word in words}
_RANK = {
    "rotd50": 0,
    "geometric mean": 1,
    "": 2,
    "other": 4,
    "larger": 5,
    "first": 6,
    "second": 6,
    "smaller": 7,
}
_BOTH = 3  # rank of two components whose mean is taken
_NONE = re.compile(
    r"source|type|ref|date|time|flag|quality|std|sd|sigma|resid\w*|res|error|err|pred\w*|model|gm[mp]e?|unc\w*|ratio"
    r"|count|n?rec|status|unit|units|epsilon|tau|phi|avg|amp\w*|dur\w*|freq\w*"
)
_WORD = re.compile(r"[a-z]+\d*|\d+(?:\.\d+)?%?|%g")
_TENTHS = re.compile(r"(p?sa)_?(\d\d)(?!\d|\.|p)(?=[^a-z]|$)")  # psa03, psa10 and psa30 of ShakeMap


@dataclass(frozen=True)
class Name:
    """What a column's name says: the measure, the component ("" for none), the unit's text, and the logarithm."""

    measure: str
    component: str = ""
    unit: str = ""
    logarithm: str = ""

    @property
    def rank(self) -> int:
        """How soon it is taken, the lowest first."""
        return _RANK.get(self.component, 9)


@dataclass(frozen=True)
class Found:
    """The column of a measure, or the two whose geometric mean is taken, and what their names say."""

    columns: tuple[str, ...]
    name: Name

    @property
    def shown(self) -> str:
        """The columns in words."""
        return " and ".join(self.columns)


def measure_of(name: str) -> Name | None:
    """Return what a column's name says of a measure of motion; None where it is none."""
    text = name.strip().lower().replace("²", "2")
    logarithm = _LOGARITHM.match(text)
    if logarithm:
        text = text[logarithm.end() :]
    before, rest = _before(text)
    read = _measure(rest, bool(before))
    if read is None:
        return None
    measure, after = read
    parsed = _after(after, before, measure)
    if parsed is None:
        return None
    component, unit = parsed
    return Name(
        measure,
        component,
        unit,
        "log10" if logarithm and logarithm[1] == "lg" else (logarithm or ("", ""))[1],
    )


def find_measures(
    names: Sequence[str], asked: Mapping[str, str], file: str
) -> tuple[dict[str, Found], list[str]]:
    """Return the columns of each measure, and findings on their component.

    RotD50 goes before a geometric mean, this before a name without a component, this before two components, whose
    mean is taken, and these before one. `asked` are columns by our names, which go before all.

    Raises:
        InputError: where it cannot be told which of several columns is meant.
    """
    candidates: dict[str, list[tuple[str, Name]]] = {}
    for name in names:
        read = measure_of(_in_tenths(name, names))
        if read is not None:
            candidates.setdefault(read.measure, []).append((name, _esm(read, name, names)))
    found = {m: best for m, each in candidates.items() if (best := _best(m, each, m in asked, file))}
    for wanted, column in asked.items():
        if (plain := measure_of(wanted)) is None:
            continue  # of another quantity
        ours = plain.measure
        read = measure_of(column) or Name(ours, "", column[column.find("(") :] if "(" in column else "")
        found[ours] = Found(
            (column,),
            Name(ours, read.component, read.unit or plain.unit, plain.logarithm or read.logarithm),
        )
    ordered = {measure: found[measure] for measure in sorted(found, key=_order)}
    return ordered, _told(ordered.values())


def period_of(measure: str) -> float | None:
    """Return the period in s of a measure's name, None for PGA and PGV.

    Raises:
        InputError: where it is none.
    """
    read = measure_of(measure)
    if read is None:
        raise InputError(f"{measure!r} is no measure of ground motion; give PGA, PGV or SA(T) with T in s")
    return float(read.measure[3:-1]) if read.measure.startswith("SA") else None


def _before(text: str) -> tuple[str, str]:
    """Return the component that a name begins with, "" for none, and the rest."""
    first = re.match(r"([a-z]+\d*)[\s_.-]+", text)
    if first and first[1] in _COMPONENT and re.match(r"p?sa|t\d|t\s*=|pg[av]", text[first.end() :]):
        return first[1], text[first.end() :]
    return "", text


def _measure(text: str, of_component: bool) -> tuple[str, str] | None:
    """Return PGA, PGV or SA(T) and what stands after it; None where a text is none, such as T90."""
    if peak := _PEAK.match(text):
        return peak[1].upper(), peak[2]
    if damped := _DAMPED.match(text):
        return (f"SA({float(damped[1]):g})", damped[3]) if float(damped[2] or _DAMPING) == _DAMPING else None
    spectral = _SPECTRAL.match(text)
    if spectral is None:
        return None
    if spectral[1] == "t" and not (
        _PLAIN_PERIOD.fullmatch(text) or (of_component and re.match(r"t\d+_\d+", text))
    ):
        return None  # T90, t0 and rotd50_t90 are durations
    number = re.sub(r"_|pt|p", ".", spectral[3])
    if number.startswith("0") and "." not in number and len(number) > 1:
        number = f"0.{number[1:]}" if len(number) == 2 else "0"
    value = float(number)
    if not value:
        return None
    return f"SA({1 / value if spectral[4] == 'hz' else value:g})", spectral[5]


def _after(text: str, before: str, measure: str) -> tuple[str, str] | None:
    """Return component and unit of what stands after a measure; None where it says that this is none."""
    bracket = re.search(r"[\[(]([^\])]*)[\])]", text)
    unit = bracket[1] if bracket else ""
    outside = text[: bracket.start()] + " " + text[bracket.end() :] if bracket else text.rstrip(")]")
    says = said_velocity if measure == "PGV" else said_unit
    component = _COMPONENT.get(before, "")
    if unit and _COMPONENT.get(re.sub(r"[^a-z0-9]", "", unit)) and says(unit) is None:
        outside, unit = f"{outside} {unit}", ""
    if not unit and outside and says(outside) is not None:
        return component, outside
    glued = re.match(r"[a-z0-9]", outside)
    words = _WORD.findall(outside)
    for at, word in enumerate(words):
        rest = "".join(words[at:])
        if not unit and says(rest) is not None and rest != "ms":
            unit = rest
            break
        if glued and at == 0 and word not in _COMPONENT:
            return None  # PGAr and the like
        if re.fullmatch(_NONE, word) or (word.endswith("%") and word not in ("5%", "%")):
            return None
        component = _COMPONENT.get(word) or component or "other"
    return component, unit


def _esm(read: Name, name: str, names: Sequence[str]) -> Name:
    """Return a name whose V is ESM's second horizontal, where there is one with U beside it."""
    if read.component == "vertical" and re.match(r"v[\s_]", name.strip().lower()):
        beside = {each.strip().lower() for each in names}
        if re.sub(r"^v", "u", name.strip().lower()) in beside:
            return replace(read, component="second")
    return read


def _in_tenths(name: str, names: Iterable[str]) -> str:
    """Return a name with a period of two digits in tenths written out, where others of the file begin with 0."""
    found = _TENTHS.fullmatch(name.strip().lower()) or _TENTHS.match(name.strip().lower())
    if found is None or not any(
        (m := _TENTHS.match(each.strip().lower())) and m[2][0] == "0" for each in names
    ):
        return name
    return f"{found[1]}({int(found[2]) / 10:g}){name.strip()[found.end() :]}"


def _best(measure: str, candidates: Sequence[tuple[str, Name]], asked: bool, file: str) -> Found | None:
    usable = [(column, name) for column, name in candidates if name.component != "vertical"]
    if not usable:
        return None
    rank = min(name.rank for _, name in usable)
    first, second = (
        next(((c, n) for c, n in usable if n.component == which), None) for which in ("first", "second")
    )
    if rank > _BOTH and first and second:
        return Found((first[0], second[0]), replace(first[1], component="both"))
    best = [(column, name) for column, name in usable if name.rank == rank]
    # The same motion may stand there in several units.
    if len({name.unit for _, name in best}) < len(best) and not asked:
        named = ", ".join(repr(column) for column, _ in best[:4])
        raise InputError(
            f"{file}: several columns may be {measure} ({named}); say which with --data.columns.{measure} COLUMN"
        )
    return Found((best[0][0],), best[0][1])


def _told(found: Iterable[Found]) -> list[str]:
    said = {
        "both": "are geometric means of two components ({0})",
        "larger": "are of the larger component or RotD100 ({0}), and are compared with medians of RotD50",
        "smaller": "are of the smaller component ({0}), and are compared with medians of RotD50",
        "first": "are of one component ({0}), and are compared with medians of RotD50",
    }
    said["second"] = said["first"]
    by_kind: dict[str, list[Found]] = {}
    for each in found:
        by_kind.setdefault(each.name.component, []).append(each)
    return [
        f"motions {said[kind].format(own[0].shown)}" + (f", {len(own)} measures" if len(own) > 1 else "")
        for kind, own in by_kind.items()
        if kind in said
    ]


def _order(measure: str) -> tuple[int, float]:
    return (0, 0.0) if measure == "PGA" else (1, 0.0) if measure == "PGV" else (2, float(measure[3:-1]))
