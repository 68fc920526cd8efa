"""Units of coordinates in DASDAE, of which older files keep them pickled; nothing of a pickle is run here."""

import pickletools
import struct
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from terrella.formats.sections.units import as_text

if TYPE_CHECKING:
    import h5py

_COORDINATES = "_coord_"


def coordinate_units(group: "h5py.Group") -> dict[str, str]:
    """Return the unit of each coordinate of a patch that has one: at the coordinate, in the patch, or pickled."""
    names = {name.removeprefix(_COORDINATES) for name in group if name.startswith(_COORDINATES)}
    found = _pickled_units(group.attrs.get("_attrs_coords"), names)
    for axis in names:
        coordinate = group[_COORDINATES + axis]
        for held, key in ((group.attrs, f"_attrs_{axis}_units"), (coordinate.attrs, "units")):
            if (text := as_text(held.get(key, ""))) and text != "N.":
                found[axis] = text.removeprefix("V").removesuffix("\n.") if text.endswith("\n.") else text
    return found


def _pickled_units(value: Any, names: Collection[str]) -> dict[str, str]:
    """Return the units in DASCore's pickled summary of coordinates, where they are plain texts."""
    if not isinstance(value, bytes):
        return {}
    found: dict[str, str] = {}
    name, word = "", None
    for each in _words(value):
        if each in names:
            name = str(each)
        elif word == "units" and each is not None:
            found[name] = each
        word = each
    return found


def _words(pickled: bytes) -> Iterator[str | None]:
    """Yield the texts that a pickle would rebuild, in its order, and None for whatever else it would."""
    kept: dict[int, str | None] = {}
    last: str | None = None
    try:
        for code, argument, _ in pickletools.genops(pickled):
            if code.name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
                kept[len(kept) if argument is None else int(argument)] = last
            elif code.stack_after and code.name not in ("MARK", "DUP"):
                last = kept.get(int(argument or 0)) if code.name.endswith("GET") else None
                last = argument if isinstance(argument, str) and "UNICODE" in code.name else last
                yield last
    except (
        ValueError,
        IndexError,
        UnicodeError,
        OverflowError,
        struct.error,
    ):  # no pickle, or not to its end
        return
