"""Which column of a flatfile holds what: an explicit mapping first, then the names of the flatfiles in use."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from terrella.errors import InputError
from terrella.motion.flatfile.measures import measure_of

# Names in lower case with letters, digits and % alone: NGA-West2 and -Subduction, ESM, eGSIM, gmprocess,
# New Zealand's database, the NGA package's, and plain ones.
NAMES: dict[str, tuple[str, ...]] = {
    "event": ("eqid", "esmeventid", "eventid", "evtid", "evid", "earthquakeid", "event", "eventname", "eqname",
              "earthquakename", "earthquake", "ngasubeqid", "eventnum", "eventno", "eventnumber", "eventcode",
              "evcode", "eqno", "eqnum", "quakeid"),
    "station": ("stationsequencenumber", "staseqnum", "ssn", "stationcode", "stationid", "staid", "station", "sta",
                "stationname", "stationidno", "site", "siteid", "ngasubssn", "stnm", "stn", "stacode", "stationno",
                "stationnumber"),
    "network": ("networkcode", "network", "net", "stanetwork", "owner"),
    "magnitude": ("earthquakemagnitude", "mw", "momentmagnitude", "magnitude", "mag", "m", "evmag",
                  "eventmagnitude",
                  "magnitudemw", "evtmag", "emecmw"),
    "rjb_km": ("joynerbooredist", "joynerbooredistance", "rjb", "jbdist", "distjb", "rjbdist", "distancejb",
               "rjbdistance", "jbcomplete", "jbdistance", "djb"),
    "rrup_km": ("clstd", "rrup", "rupdist", "distrup", "closestdistance", "rupturedistance", "ruptdist",
                "rrupdistance", "closestdist", "drup"),
    "repi_km": ("epid", "epidist", "repi", "distepi", "epicentraldistance", "epicentraldist", "epicentredistance",
                "epicenterdistance", "repidistance", "epicdist", "depi", "epidistance"),
    "rhyp_km": ("hypd", "hypdist", "rhyp", "rhypo", "disthyp", "hypocentraldistance", "hypodist",
                "hypocenterdistance", "hypocentredistance", "dhyp", "hypocentraldist", "rhypdistance"),
    "top_km": ("depthtotopoffaultrupturemodel", "ztor", "ztop", "esztop", "ruptopdepth",
               "depthtopofrupture", "depthtor", "topdepth"),
    "depth_km": ("hypocenterdepth", "evdepth", "zhyp", "eventdepth", "evtdepth", "hypodepth", "hypocentraldepth",
                 "earthquakedepth", "depth", "focaldepth", "depthhyp", "hypocentredepth"),
    "vs30_m_s": ("vs30msselectedforanalysis", "vs30selectedforanalysis", "preferredvs30", "vs30", "vs30pref",
                 "stavs30", "sitevs30", "vs30msec", "avs30", "vs30value",
                 "vs30used", "vs30final", "vs30mswa", "vs30msecwa"),
    "rake_deg": ("rakeangle", "rake", "esrake"),
    "mechanism": ("mechanismbasedonrakeangle", "fmtypecode", "eqmechanism", "styleoffaulting", "mechanism",
                  "faulttype", "faultingstyle", "faultmechanism", "fm", "sof"),
    "event_latitude": ("hypocenterlatitude", "evlatitude", "hypocenterlat", "eventlatitude", "evtlat",
                       "epicenterlatitude", "eqlat", "evla", "evlat", "hypolat", "eventlat", "earthquakelatitude",
                       "hyplat", "epilat", "epicenterlat", "epicentrelatitude", "sourcelatitude"),
    "event_longitude": ("hypocenterlongitude", "evlongitude", "hypocenterlong", "hypocenterlon", "eventlongitude",
                        "evtlon", "epicenterlongitude", "eqlon", "evlo", "evlon", "hypolon", "eventlon",
                        "earthquakelongitude", "hyplon", "hyplong", "epilon", "epicenterlon", "epicentrelongitude",
                        "sourcelongitude", "evlong", "eventlong", "eqlong"),
    "time": ("eventtime", "origintime", "evtime", "evttime", "datetime", "eventdatetime", "time", "date",
             "eventdate", "earthquaketime"),
    "year": ("year", "yr", "eventyear"),
    "station_latitude": ("stationlatitude", "stlatitude", "stalat", "stationlat", "stla", "sitelatitude", "stlat",
                         "stalaty", "sitelat", "stnlat"),
    "station_longitude": ("stationlongitude", "stlongitude", "stalong", "stalon", "stationlon", "stlo", "sitelon",
                          "sitelongitude", "stlon", "stalonx", "stationlong", "stnlon", "stlong"),
}  # fmt: skip
# Second choices, row by row where the first has nothing.
SECOND = {"vs30_m_s": ("vs30mswa", "vs30msecwa"), "magnitude": ("emecmw",)}
# Whose magnitude a row has, where a column says it.
TYPES = ("magnitudetype", "magtype", "earthquakemagnitudetype", "mwtype")
_UNITS_AFTER = re.compile(r"(km|deg|ms|degrees|kilometers|mpers|mps)$")
_OTHER_MAGNITUDES = ("ml", "ms", "mb", "md", "mlv", "localmagnitude")


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


def known_names(names: Sequence[str]) -> int:
    """Return how many of a line's words are names of a flatfile's columns."""
    known = {each for own in NAMES.values() for each in own}
    plain = [squeezed(name) for name in names]
    return sum(
        word in known or _UNITS_AFTER.sub("", word) in known or measure_of(name) is not None
        for word, name in zip(plain, names, strict=True)
    )


def find_column(names: Iterable[str], known: Sequence[str]) -> str | None:
    """Return the first column with one of the known names, None where there is none."""
    return next((name for name in names if squeezed(name) in known), None)


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
