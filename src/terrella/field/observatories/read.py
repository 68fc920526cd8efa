"""Observatory files of any known format, told by their content."""

import gzip
import zlib
from pathlib import Path

from terrella.errors import InputError
from terrella.field.observatories import annual_file, csv_table, iaga2002
from terrella.field.observatories.jumps import split_at_jumps
from terrella.field.observatories.plausible import with_doubts
from terrella.field.observatories.table import Observatories, side_by_side
from terrella.formats.encoding import decoded


def read_observatories(path: Path) -> Observatories:
    """Return annual means of a file, or of all files of a folder: CSV, IAGA-2002 or annual means.

    Parameters
    ----------
    path : Path
        A file, gzipped or not, or a folder; IAGA-2002 files of an observatory are taken together.

    Returns
    -------
    Observatories
        Geocentric B_r, B_θ, B_φ in nT; jumps are findings, and series begin anew there.

    Raises
    ------
    InputError
        Where a file is of none of these formats, or at fault.
    """
    files = (
        sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        if path.is_dir()
        else [path]
    )
    series, findings, days = [], [], []
    for each in files:
        text, said = _text(each)
        findings += said
        if iaga2002.is_iaga2002(text):
            days.append(iaga2002.read_days(each, text))
            continue
        read = annual_file.read_annual_file if annual_file.is_annual_file(text) else csv_table.read_csv
        own, said = read(each, text)
        series += own
        findings += said
    if days:
        own, said = iaga2002.annual_means(days)
        series += own
        findings += said
    codes = [each.site.code for each in series]
    if twice := {code for code in codes if codes.count(code) > 1}:
        raise InputError(f"{path}: {min(twice)} comes from several files; give one of them")
    return split_at_jumps(with_doubts(side_by_side(series, findings, str(path)), str(path)))


def _text(path: Path) -> tuple[str, list[str]]:
    """Return a file's text, and what was found of its encoding."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None
    found = decoded(content, str(path), names=True)
    return found.text, list(found.findings)
