"""Arrays of HDF5 and NetCDF-4 files, a piece at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.sections.cf import decoded
from terrella.formats.sections.section import Corner

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True)
class HdfSamples:
    """An array of an HDF5 file, its axes put in the order of a section."""

    path: Path
    array: str
    axes: tuple[int, ...]  # of the file, in the section's order
    encoding: Mapping[str, Any] = field(default_factory=dict)  # how its numbers are decoded

    def read(self, low: Corner, high: Corner) -> npt.NDArray[Any]:
        """Return the samples from one corner up to another."""
        where: list[slice] = [slice(0)] * len(low)
        for axis, a, b in zip(self.axes, low, high, strict=True):
            where[axis] = slice(a, b)
        with opened_hdf5(self.path) as file:
            return decoded(np.asarray(file[self.array][tuple(where)]), self.encoding).transpose(self.axes)


@contextmanager
def opened_hdf5(path: Path) -> Iterator["h5py.File"]:
    """Open an HDF5 file for reading; whatever it cannot give, or keeps in other files, is an `InputError`."""
    import h5py

    from terrella.formats.records.hdf5_links import refuse_links

    try:
        with h5py.File(path, "r") as file:
            refuse_links(file, path)
            yield file
    except InputError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, UnicodeError) as error:
        line = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as HDF5 ({line}); is it whole?") from error
