"""HDF5 can name other files as the place of its arrays; of files from elsewhere that is refused."""

from pathlib import Path

import h5py

from terrella.errors import InputError


def refuse_links(file: h5py.File, path: Path) -> None:
    """Look at every object of a file that holds few.

    Raises:
        InputError: where one of them lies in another file.
    """

    # Not `visititems_links`: where a damaged file makes it raise, h5py 3.16 loses the exception.
    groups: list[h5py.Group] = [file]
    seen: set[int] = set()
    while groups:
        group = groups.pop()
        for name in group:
            item = None
            if not isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                item = group.get(name)
                if item is None:  # what a broken link names is nothing
                    continue
            if item is None or _outside(item, file):
                raise _refusal(path, f"{group.name.rstrip('/')}/{name}")
            if isinstance(item, h5py.Group) and (at := h5py.h5o.get_info(item.id).addr) not in seen:
                seen.add(at)
                groups.append(item)


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
    # Asked once: data sets hold a million arrays.
    created = item.id.get_create_plist()
    if created.get_layout() == h5py.h5d.VIRTUAL:
        return any(source.file_name != "." for source in item.virtual_sources())
    return bool(created.get_external_count())


def _refusal(path: Path, name: str) -> InputError:
    return InputError(
        f"{path}: {name} lies in another file, which is not read; write the data into one file, as h5repack or "
        "h5copy do"
    )
