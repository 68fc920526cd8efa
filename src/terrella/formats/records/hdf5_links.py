"""HDF5 can name other files as the place of its arrays; of files from elsewhere that is refused."""

from pathlib import Path

import h5py

from terrella.errors import InputError


def refuse_links(file: h5py.File, path: Path) -> None:
    """Look at every object of a file that holds few.

    Raises:
        InputError: where one of them lies in another file.
    """

    def outside(name: str, link: object) -> str | None:
        if isinstance(link, h5py.ExternalLink):
            return name
        item = file.get(name)  # what a broken link names is nothing
        return name if item is not None and _outside(item, file) else None

    if (name := file.visititems_links(outside)) is not None:
        raise _refusal(path, name)


def refuse_link(item: h5py.Group | h5py.Dataset, file: h5py.File, path: Path) -> None:
    """Look at one object that was found in a file.

    Raises:
        InputError: where it lies in another file.
    """
    if _outside(item, file):
        raise _refusal(path, item.name)


def _outside(item: h5py.Group | h5py.Dataset, file: h5py.File) -> bool:
    if h5py.h5o.get_info(item.id).fileno != h5py.h5o.get_info(file.id).fileno:
        return True
    if not isinstance(item, h5py.Dataset):
        return False
    virtual = item.is_virtual and any(source.file_name != "." for source in item.virtual_sources())
    return bool(virtual or item.external)


def _refusal(path: Path, name: str) -> InputError:
    return InputError(
        f"{path}: {name} lies in another file, which is not read; write the data into one file, as h5repack or "
        "h5copy do"
    )
