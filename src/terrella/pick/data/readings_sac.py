"""Picks in the headers of SAC files: a and t0 to t9, seconds after the reference time, and their names ka, kt0 …"""

import warnings
from pathlib import Path
from typing import Any

from terrella.pick.data.tally import Tally

_TIMES = ("a", *(f"t{number}" for number in range(10)))
_READ = 1  # as `readings.READ`


def is_sac(file: Path) -> bool:
    """Return whether a file is of SAC's binary format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy.io.sac.core import _is_sac
    return bool(_is_sac(str(file)))


def read_sac(file: Path, found: Tally) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return a file's readings and its event, as `readings` has them.

    By SAC's definition `a` is the first arrival, a P where `ka` says nothing; other times without a name are none.
    Files of one origin time are of one event. Its depth is left out, which some write in m and others in km.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from obspy.io.sac import SACTrace

        header = SACTrace.read(str(file), headonly=True)
        try:
            reference = header.reftime
        except ValueError:  # the header has no year, or an hour of 99
            reference = None
    times = {name: value for name in _TIMES if (value := getattr(header, name)) is not None}
    if reference is None:
        found.add("readings in SAC files have no reference time", [file.name] * len(times))
        return [], []
    origin = None if header.o is None else reference + header.o
    # A name alone, such as "earthquake", may be that of many events. Times of float32 differ by milliseconds.
    name = (header.kevnm or "").strip() or "event"
    event = "" if origin is None else f"{name} {round(origin.timestamp, 1):.1f}"
    codes = tuple((code or "").strip() for code in (header.knetwk, header.kstnm, header.khole, header.kcmpnm))
    rows = []
    for field, after_s in times.items():
        phase = (getattr(header, f"k{field}") or "").strip() or ("P" if field == "a" else "")
        if not phase:
            found.add("readings in SAC files have no phase's name", [f"{field} of {file.name}"])
            continue
        rows.append((event, *codes, phase, int((reference + after_s).ns), "", _READ))
    about = [(event, str(origin or ""), header.evla, header.evlo, None, header.mag, None)] if event else []
    return rows, about
