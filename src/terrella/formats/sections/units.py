"""Units of axes, as files spell them: a length or a time, or none that is known."""

import re
from typing import Literal

_TIMES = {
    1.0: "s sec secs second seconds",
    1e-3: "ms msec msecs millisec millisecs millisecond milliseconds",
    1e-6: "us µs μs usec usecs microsec microsecs microsecond microseconds",
    1e-9: "ns nsec nsecs nanosec nanosecs nanosecond nanoseconds",
    60.0: "min mins minute minutes",
    3600.0: "h hr hrs hour hours",
    86400.0: "d day days",
}
_LENGTHS = {
    1.0: "m meter meters metre metres",
    1e-3: "mm millimeter millimeters millimetre millimetres",
    1e-2: "cm centimeter centimeters centimetre centimetres",
    1e3: "km kilometer kilometers kilometre kilometres",
    0.3048: "ft foot feet international_foot international_feet",
    1200 / 3937: "us_survey_foot us_survey_feet survey_foot survey_feet ftus us-ft us_ft",
    0.9144: "yd yard yards",
}
_KNOWN: dict[str, tuple[float, Literal["s", "m"]]] = {
    **{name: (factor, "s") for factor, names in _TIMES.items() for name in names.split()},
    **{name: (factor, "m") for factor, names in _LENGTHS.items() for name in names.split()},
}
_FORM = re.compile(r"(?:([\d.]+(?:[eE][-+]?\d+)?)\s*\*?\s*)?([^\d\s*].*)")


def axis_unit(text: object) -> tuple[float, Literal["s", "m"]] | None:
    """Return the factor to s or m, and which of them, of such as `ms`, `1 ft` or `seconds since 1970-01-01`.

    None where it is neither a length nor a time. Capitals count where they make another unit (Ms, Mm).
    """
    word = as_text(text).split(" since ")[0].strip()
    found = _FORM.fullmatch(word)
    if found is None:
        return None
    try:
        number = float(found[1] or 1)
    except ValueError:
        return None
    name = re.sub(r"\s+", "_", found[2].strip())
    known = _KNOWN.get(name) or (None if name in ("Ms", "Mm", "M", "S") else _KNOWN.get(name.lower()))
    return None if known is None or not number > 0 else (number * known[0], known[1])


def as_text(value: object) -> str:
    """Return an attribute as text; HDF5 and zarr keep bytes, arrays of one, or nothing at all."""
    if type(value).__name__ == "Empty":  # h5py's, of a string without characters
        return ""
    if hasattr(value, "flat"):
        value = next(iter(value.flat), "")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
