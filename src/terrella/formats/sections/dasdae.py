"""Units of coordinates in DASDAE, of which older files keep them pickled; nothing of a pickle is run here."""

import io
import pickle
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from terrella.formats.sections.units import as_text

if TYPE_CHECKING:
    import h5py

_COORDINATES = "_coord_"


def coordinate_units(group: "h5py.Group") -> dict[str, str]:
    """Return the unit of each coordinate of a patch that has one: at the coordinate, in the patch, or pickled."""
    found = _pickled_units(group.attrs.get("_attrs_coords"))
    for name in group:
        axis = name.removeprefix(_COORDINATES)
        for held, key in ((group.attrs, f"_attrs_{axis}_units"), (group[name].attrs, "units")):
            if name.startswith(_COORDINATES) and (text := as_text(held.get(key, ""))) and text != "N.":
                found[axis] = text.removeprefix("V").removesuffix("\n.") if text.endswith("\n.") else text
    return found


class _Nothing:
    """Stands for whatever a pickle names."""

    def __init__(self, *about: object) -> None:
        """Take anything."""

    def __call__(self, *about: object) -> "_Nothing":
        """Return the same of what it would make."""
        return self

    def __setstate__(self, state: object) -> None:
        """Keep nothing."""


class _Inert(pickle.Unpickler):
    """Rebuilds texts, numbers and dictionaries; classes and functions are not looked up, so that none is called."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in."""
        return _Nothing


def _pickled_units(value: Any) -> dict[str, str]:
    """Return the units in DASCore's pickled summary of coordinates, where they are plain texts."""
    if not isinstance(value, bytes):
        return {}
    try:
        held = _Inert(io.BytesIO(value)).load()
    except Exception:  # what bytes of a stranger's file can raise here is without end; they say no unit
        return {}
    if not isinstance(held, Mapping):
        return {}
    return {
        str(name): each["units"]
        for name, each in held.items()
        if isinstance(each, Mapping) and isinstance(each.get("units"), str)
    }
