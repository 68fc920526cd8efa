"""Bytes and seconds as people write them."""

from collections.abc import Mapping

from terrella.errors import InputError


def typed_size(size: float) -> str:
    """Return a size as it is typed, rounded up."""
    return f"{-(-size // 1e8) / 10:g}GB" if size >= 1e9 else f"{-(-size // 1e6):.0f}MB"


def size_text(size: float) -> str:
    """Return bytes in words, such as 1.3 GB."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def duration_text(seconds: float) -> str:
    """Return seconds in words, such as 2 h 5 min."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.1f} days"


def parse_size(text: str) -> float:
    """Return the bytes of a size such as 8GB, 512MB or 2GiB.

    Raises:
        InputError: where it is none.
    """
    units = {"": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
    return _parse(text, units, "a size such as 8GB or 512MB")


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as 3h, 90min or 2d.

    Raises:
        InputError: where it is none.
    """
    units = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
    return _parse(text, units, "a duration such as 3h or 90min")


def _parse(text: str, units: Mapping[str, float], expected: str) -> float:
    word = text.strip().lower().replace(" ", "")
    number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = word[len(number) :]
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        raise InputError(f"{text!r} is no {expected.removeprefix('a ')}") from None
    if not value > 0:
        raise InputError(f"{text!r} is not above zero; expected {expected}")
    return value
