"""What a flatfile says of its earthquakes in words: mechanism, tectonic setting, and the year."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.motion.flatfile.columns import find_column, squeezed
from terrella.motion.flatfile.table import Floats

# Positions in MECHANISMS. Of NGA-West2: 0 strike-slip, 1 normal, 2 reverse, 3 reverse-oblique, 4 normal-oblique.
_CODES = {"0": 1, "1": 2, "2": 3, "3": 3, "4": 2}
_CODED = ("mechanismbasedonrakeangle",)
_SLIP = {
    0: ("u", "o", "unknown", "unspecified", "undefined", "oblique", "other", "na", "nan", "none", "999", "un"),
    1: ("ss", "strikeslip", "s", "so", "strikeslipfault", "strikeslipoblique", "sss", "transcurrent"),
    2: ("nf", "ns", "n", "normal", "normaloblique", "no", "nm", "nn", "normalfault", "obliquenormal", "nss"),
    3: ("tf", "rs", "r", "reverse", "thrust", "reverseoblique", "ro", "t", "rf", "rv", "reversefault",
        "thrustfault", "obliquereverse", "th", "inverse", "thrustoblique", "reversethrust", "rss", "tss"),
}  # fmt: skip
_WORDS = {word: slip for slip, words in _SLIP.items() for word in words}
_SETTINGS = (
    "tectonicregion",
    "tectonicregiontype",
    "eventtrtfromdb",
    "trt",
    "eqtype",
    "tectclass",
    "tecttype",
)
_SUBDUCTION = r"slab|interface|subduct|intra.?plate|inter.?plate"
_SHOWN = 3


def mechanisms(
    table: pd.DataFrame, found: Mapping[str, Sequence[str]], numbers: Mapping[str, Floats]
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return positions in MECHANISMS, by rake, else by word or NGA-West2's code, and findings."""
    known = np.zeros(len(table), int)
    findings = []
    if "mechanism" in found:
        name = found["mechanism"][0]
        words = table[name].astype("string").str.strip().fillna("").str.removesuffix(".0").map(squeezed)
        meanings = _WORDS | (_CODES if squeezed(name) in _CODED else {})
        known = words.map(lambda word: meanings.get(word, 0)).to_numpy(int)
        strange = ~words.isin(["", *meanings]).to_numpy(bool) & ~_by_rake(numbers)[1]
        if strange.any():
            shown = ", ".join(words[strange].unique()[:_SHOWN])
            findings.append(
                f"{strange.sum():,} rows have a mechanism that is not known ({name}: {shown}); a rake would tell"
            )
    by_rake, told = _by_rake(numbers)
    return (np.where(told, by_rake, known) if len(by_rake) else known), findings


def _by_rake(numbers: Mapping[str, Floats]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    rake = numbers.get("rake_deg")
    if rake is None:
        size = len(numbers["magnitude"])
        return np.zeros(size, int), np.zeros(size, bool)
    rake = (rake + 180) % 360 - 180
    with np.errstate(invalid="ignore"):
        slip = np.where((rake > 30) & (rake < 150), 3, np.where((rake < -30) & (rake > -150), 2, 1))
    return slip, np.isfinite(rake)


def told_setting(table: pd.DataFrame, kept: npt.NDArray[np.bool_]) -> list[str]:
    """Return a finding where rows are of earthquakes in subduction zones."""
    names = [str(name) for name in table.columns]
    if find_column(names, ("ngasubeqid",)):
        return [
            "the flatfile is NGA-Subduction's: BSSA14 is made for shallow crust, and stands beside it all the same"
        ]
    column = find_column(names, _SETTINGS) or next(
        (name for name in names if squeezed(name).startswith("tectonicenv")), None
    )
    if column is None:
        return []
    words = table[column].astype("string").fillna("").str.lower()
    beneath = kept & words.str.contains(_SUBDUCTION).to_numpy(bool)
    if not beneath.any():
        return []
    said = ", ".join(words[beneath].unique()[:_SHOWN])
    return [f"{beneath.sum():,} rows are of earthquakes for which BSSA14 was not made ({column}: {said})"]


def years(table: pd.DataFrame, found: Mapping[str, Sequence[str]]) -> tuple[Floats, list[str]]:
    """Return the time of each row in years, NaN where it is not known, and what was found."""
    if "time" in found:
        name = found["time"][0]
        text = table[name].astype("string").str.strip().fillna("")
        times = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
        exact = (times.dt.year + (times.dt.day_of_year - 1) / 365.25).to_numpy(float, na_value=np.nan)
        # Whether day or month comes first does not matter to a year.
        alone = pd.to_numeric(text.str.extract(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")[0], errors="coerce")
        told = np.where(np.isfinite(exact), exact, alone.to_numpy(float, na_value=np.nan) + 0.5)
        told = np.where((told > 1850) & (told < 2200), told, np.nan)
        told = np.where(np.isfinite(told), told, _given_years(table, found))
        unread = int((~np.isfinite(told) & (text != "").to_numpy(bool)).sum())
        return told, [f"{unread:,} rows have a {name} whose year is not known"] if unread else []
    return _given_years(table, found), []


def _given_years(table: pd.DataFrame, found: Mapping[str, Sequence[str]]) -> Floats:
    if "year" not in found:
        return np.full(len(table), np.nan)
    given = pd.to_numeric(table[found["year"][0]], errors="coerce").to_numpy(float, na_value=np.nan)
    return np.asarray(np.where((given > 1850) & (given < 2200), given, np.nan))
