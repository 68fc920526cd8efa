"""Which column of a flatfile holds what: an explicit mapping first, then the names of the flatfiles in use."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from terrella.errors import InputError

# Names in lower case with letters, digits and % alone: NGA-West2 and -Subduction, ESM, eGSIM, gmprocess,
# New Zealand's database, the NGA package's, and plain ones.
NAMES: dict[str, tuple[str, ...]] = {
    "event": ("eqid", "esmeventid", "eventid", "evtid", "evid", "earthquakeid", "event", "eventname", "eqname",
              "earthquakename", "earthquake", "ngasubeqid"),
    "station": ("stationsequencenumber", "staseqnum", "ssn", "stationcode", "stationid", "staid", "station", "sta",
                "stationname", "stationidno", "site", "siteid", "ngasubssn"),
    "network": ("networkcode", "network", "net", "stanetwork", "owner"),
    "magnitude": ("earthquakemagnitude", "mw", "momentmagnitude", "magnitude", "mag", "m", "evmag",
                  "eventmagnitude",
                  "magnitudemw", "evtmag", "emecmw"),
    "rjb_km": ("joynerbooredist", "joynerbooredistance", "rjb", "jbdist", "distjb", "rjbdist", "distancejb"),
    "rrup_km": ("clstd", "rrup", "rupdist", "distrup", "closestdistance", "rupturedistance", "ruptdist"),
    "repi_km": ("epid", "epidist", "repi", "distepi", "epicentraldistance", "epicentraldist", "epicentredistance"),
    "rhyp_km": ("hypd", "hypdist", "rhyp", "rhypo", "disthyp", "hypocentraldistance", "hypodist"),
    "top_km": ("depthtotopoffaultrupturemodel", "ztor", "ztop", "depthtopofrupture", "depthtor", "topdepth"),
    "depth_km": ("hypocenterdepth", "evdepth", "zhyp", "eventdepth", "evtdepth", "hypodepth", "hypocentraldepth",
                 "earthquakedepth", "depth", "focaldepth", "depthhyp", "hypocentredepth"),
    "vs30_m_s": ("vs30msselectedforanalysis", "vs30selectedforanalysis", "preferredvs30", "vs30", "vs30pref",
                 "stavs30", "sitevs30", "vs30msec", "vs30mswa", "vs30msecwa"),
    "rake_deg": ("rakeangle", "rake", "esrake"),
    "mechanism": ("mechanismbasedonrakeangle", "fmtypecode", "eqmechanism", "styleoffaulting", "mechanism",
                  "faulttype", "faultingstyle", "faultmechanism", "fm", "sof"),
    "event_latitude": ("hypocenterlatitude", "evlatitude", "hypocenterlat", "eventlatitude", "evtlat",
                       "epicenterlatitude", "eqlat", "evla", "evlat", "hypolat", "eventlat", "earthquakelatitude"),
    "event_longitude": ("hypocenterlongitude", "evlongitude", "hypocenterlong", "hypocenterlon", "eventlongitude",
                        "evtlon", "epicenterlongitude", "eqlon", "evlo", "evlon", "hypolon", "eventlon",
                        "earthquakelongitude"),
    "time": ("eventtime", "origintime", "evtime", "evttime", "datetime", "eventdatetime", "time", "date",
             "eventdate", "earthquaketime"),
    "year": ("year", "yr", "eventyear"),
    "station_latitude": ("stationlatitude", "stlatitude", "stalat", "stationlat", "stla", "sitelatitude"),
    "station_longitude": ("stationlongitude", "stlongitude", "stalong", "stalon", "stationlon", "stlo", "sitelon",
                          "sitelongitude"),
}  # fmt: skip
# Second choices, row by row where the first has nothing.
SECOND = {"vs30_m_s": ("vs30mswa", "vs30msecwa"), "magnitude": ("emecmw",)}
# Whose magnitude a row has, where a column says it.
TYPES = ("magnitudetype", "magtype", "earthquakemagnitudetype", "mwtype")
_UNITS_AFTER = re.compile(r"(km|deg|ms|degrees|kilometers|mpers|mps)$")
_OTHER_MAGNITUDES = ("ml", "ms", "mb", "md", "mlv", "localmagnitude")
# SA(0.3), PSA_0.3s, T0.300S, rotD50_T0_300, T0pt300S of NGA-Subduction.
_SPECTRAL = re.compile(r"^(?:p?sa|t)[\s_(\[]*(\d+(?:(?:[._p]|pt)\d+)?)\s*s?(?:ec)?[)\]]?(.*)$")
_DAMPED = re.compile(r"^p?sa\(t=([\d.]+)(?:,\s*d=([\d.]+))?\)$")  # of gmprocess
_DAMPING = 0.05
_PREFIX = re.compile(r"^(rotd50|geomean|gmrotd50|gmroti50)[\s_]*")
_PEAK = re.compile(r"^(pga|pgv)(.*)$")


def squeezed(name: str) -> str:
    """Return a name in lower case, with letters, digits and % alone."""
    return re.sub(r"[^a-z0-9%]", "", name.lower())


def find_columns(names: Sequence[str], mapping: Mapping[str, str], file: str) -> dict[str, list[str]]:
    """Return the columns for each of our names, first choice first.

    Raises:
        InputError: where the mapping names a column that is not there, or a quantity that none is.
    """
    plain = {squeezed(name): name for name in reversed(names)}
    bare = {_UNITS_AFTER.sub("", key): name for key, name in plain.items()}
    found: dict[str, list[str]] = {}
    for ours, known in NAMES.items():
        hits = [bare.get(each) or plain.get(each) for each in known]
        kept = [each for each in dict.fromkeys(hits) if each is not None]
        seconds = {squeezed(each) for each in kept if squeezed(each) in SECOND.get(ours, ())}
        if kept:
            found[ours] = [kept[0], *(each for each in kept[1:] if squeezed(each) in seconds)]
    for ours, theirs in mapping.items():
        if theirs not in names:
            near = get_close_matches(theirs, names, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"{file}: data.columns names the column {theirs!r}, which is not there{hint}")
        if ours in NAMES:
            found[ours] = [theirs]
        elif measure_of(ours) is None:
            known_names = ", ".join(NAMES)
            raise InputError(f"data.columns: {ours!r} is none of {known_names}, PGA, PGV, SA(T)")
    _refuse_missing(found, names, file)
    return found


def find_column(names: Iterable[str], known: Sequence[str]) -> str | None:
    """Return the first column with one of the known names, None where there is none."""
    return next((name for name in names if squeezed(name) in known), None)


def find_measures(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the column of each measure, with what its name says after it, such as (g).

    RotD50 goes before geometric means, these before a name without a component.
    """
    found: dict[str, tuple[int, str, str]] = {}
    for name in names:
        read = measure_of(name)
        if read is None:
            continue
        measure, after, rank = read
        if measure not in found or rank < found[measure][0]:
            found[measure] = (rank, name, after)
    for ours, theirs in mapping.items():
        asked = measure_of(ours)
        if asked is not None and ours not in NAMES:
            read = measure_of(theirs)
            found[asked[0]] = (0, theirs, read[1] if read else _after_name(theirs))
    ordered = sorted(found, key=_order)
    return {measure: found[measure][1:] for measure in ordered}


def measure_of(name: str) -> tuple[str, str, int] | None:
    """Return a column's measure, what stands after it, and the rank of its component; None where it is none."""
    text = name.strip().lower()
    prefix = _PREFIX.match(text)
    text = text[prefix.end() :] if prefix else text
    rank = 2 if prefix is None else 0 if prefix[1] == "rotd50" else 1
    peak = _PEAK.match(text)
    if peak and not re.match(
        r"^[a-z0-9]*(?:max|source|type|ref|date|time|flag|quality)", peak[2].strip(" _")
    ):
        return peak[1].upper(), peak[2], rank
    if damped := _DAMPED.match(text):
        return (f"SA({float(damped[1]):g})", "", rank) if float(damped[2] or _DAMPING) == _DAMPING else None
    spectral = _SPECTRAL.match(text)
    if spectral is None or re.match(r"^\d", text):
        return None
    if (
        text.startswith("t")
        and prefix is None
        and not re.fullmatch(r"t\d+(?:[.]|pt)\d+s?(\s*[\[(].*)?", text)
    ):
        return None  # T90, t0 and the like are no spectra
    if text.startswith("t") and prefix is not None and not re.match(r"t\d+_\d+", text):
        return None  # rotd50_t90: a duration
    period = float(re.sub(r"_|pt|p", ".", spectral[1]))
    return (f"SA({period:g})", spectral[2], rank) if period > 0 else None


def period_of(measure: str) -> float | None:
    """Return the period in s of a measure's name, None for PGA and PGV.

    Raises:
        InputError: where it is none.
    """
    read = measure_of(measure)
    if read is None:
        raise InputError(f"{measure!r} is no measure of ground motion; give PGA, PGV or SA(T) with T in s")
    return float(read[0][3:-1]) if read[0].startswith("SA") else None


def _order(measure: str) -> tuple[int, float]:
    return (0, 0.0) if measure == "PGA" else (1, 0.0) if measure == "PGV" else (2, float(measure[3:-1]))


def _after_name(name: str) -> str:
    return name[name.find("(") :] if "(" in name else ""


def _refuse_missing(found: Mapping[str, Sequence[str]], names: Sequence[str], file: str) -> None:
    if "magnitude" not in found:
        other = [name for name in names if squeezed(name) in _OTHER_MAGNITUDES]
        said = f" ({other[0]} is no moment magnitude)" if other else ""
        raise InputError(
            f"{file}: no column of moment magnitudes{said}; name it with --data.columns.magnitude COLUMN"
        )
    if "vs30_m_s" not in found:
        raise InputError(
            f"{file}: no column of Vs30; name it with --data.columns.vs30_m_s COLUMN, or add one in m/s"
        )
    places = ("event_latitude", "event_longitude", "station_latitude", "station_longitude")
    distances = ("rjb_km", "rrup_km", "repi_km", "rhyp_km")
    if not any(each in found for each in distances) and not all(each in found for each in places):
        raise InputError(
            f"{file}: no column of distances (Rjb, Rrup, Repi or Rhyp) and no coordinates of events and stations; "
            "name one with --data.columns.rjb_km COLUMN"
        )
