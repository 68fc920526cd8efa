"""Sections and volumes, whatever their format; the content tells, and the name only where it cannot."""

from dataclasses import replace
from pathlib import Path

from terrella.errors import InputError
from terrella.formats.sections.section import Section, Unit, file_stamp

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NPY = b"\x93NUMPY"
_CLASSIC = b"CDF"


def open_section(
    path: Path | str,
    interval: float | None = None,
    unit: Unit | None = None,
    lines: tuple[int, int] | None = None,
) -> Section:
    """Open SEG-Y, a DAS record in HDF5, zarr, .npy or NetCDF without reading samples; a change of it is an error.

    Parameters
    ----------
    path : Path or str
        Of the file, or of a zarr folder.
    interval : float, optional
        Between samples, in s or m, where the file says none or a wrong one.
    unit : {"s", "m"}, optional
        Of the vertical axis, where the file is wrong about it.
    lines : tuple of int, optional
        First bytes of inline and crossline number in the trace headers of SEG-Y, where they are unusual.

    Returns
    -------
    Section
        Of the shape (trace, sample) or (inline, crossline, sample).

    Raises
    ------
    InputError
        Where there is no such file, or it is none of these, or damaged.
    """
    path = Path(path)
    if interval is not None and not interval > 0:
        raise InputError(f"--interval {interval:g}: a positive number was expected")
    stamp = file_stamp(path)
    if lines and not is_segy(path):
        raise InputError(f"{path} is no SEG-Y: --inline-byte and --crossline-byte are for SEG-Y")
    return replace(_opened(path, interval, unit, lines), stamp=stamp)


def line_bytes(inline: int | None, crossline: int | None) -> tuple[int, int] | None:
    """Return where SEG-Y has the numbers of lines, or None where that is not said.

    Raises:
        InputError: where one of the two is missing.
    """
    if inline is None and crossline is None:
        return None
    if inline is None or crossline is None:
        raise InputError("inline-byte and crossline-byte are given together")
    return inline, crossline


def is_segy(path: Path) -> bool:
    """Tell whether a file is taken for SEG-Y."""
    from terrella.formats.sections.segy_layout import looks_like_segy

    if path.is_dir():
        return False
    head = _head(path)
    return not head.startswith((_HDF5, _NPY, _CLASSIC)) and looks_like_segy(head, path.name)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(3600)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error


def _opened(path: Path, interval: float | None, unit: Unit | None, lines: tuple[int, int] | None) -> Section:
    if path.is_dir():
        from terrella.formats.sections.zarr_others import open_other_zarr
        from terrella.formats.sections.zarr_sections import is_own, open_zarr

        return (open_zarr if is_own(path) else open_other_zarr)(path, interval, unit)
    head = _head(path)
    if head.startswith(_HDF5):
        return _hdf5(path, interval, unit)
    if head.startswith(_NPY):
        from terrella.formats.sections.arrays import open_npy

        return open_npy(path, interval, unit)
    if head.startswith(_CLASSIC):
        from terrella.formats.sections.arrays import open_classic_netcdf

        return open_classic_netcdf(path, interval, unit)
    from terrella.formats.sections.dascore_records import BINARY, open_with_dascore

    if (kind := BINARY.get(head[:4])) is not None:
        if (section := open_with_dascore(path, interval, unit)) is not None:
            return section
        raise InputError(f"{path}: {kind} is read through DASCore alone: pip install 'terrella[das]'")
    if is_segy(path):
        from terrella.formats.sections.segy import open_segy

        return open_segy(path, interval, unit, lines)
    raise InputError(
        f"{path} is no section that is read: SEG-Y, DAS in HDF5, zarr (a folder), .npy or NetCDF"
    )


def _hdf5(path: Path, interval: float | None, unit: Unit | None) -> Section:
    from terrella.formats.sections.arrays import open_netcdf
    from terrella.formats.sections.das import open_das
    from terrella.formats.sections.hdf5_samples import opened_hdf5

    with opened_hdf5(path) as file:
        netcdf = path.suffix.lower() in (".nc", ".nc4") or "_NCProperties" in file.attrs
    return (open_netcdf if netcdf else open_das)(path, interval, unit)
