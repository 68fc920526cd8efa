"""Writing a catalogue in the format that the file's suffix names."""

from pathlib import Path

from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.catalogues.catalogue import Catalogue


def write_catalogue(catalogue: Catalogue, path: Path | str) -> None:
    """Write a catalogue in the format of the suffix.

    Parquet (.parquet), ComCat CSV (.csv, .csv.gz), QuakeML (.xml, .quakeml), CSEP ASCII (.csep, .dat, .txt),
    ZMAP (.zmap).
    The file appears whole or not at all.

    Raises
    ------
    InputError
        Where the suffix names none of these.
    TerrellaError
        Where the place cannot be written.
    """
    path = Path(path)
    check_output(path)
    replace_file(path, lambda temporary: _write(catalogue, temporary, path.name.lower()))


def check_output(path: Path) -> None:
    """Refuse a path that `write_catalogue` would refuse, before work is put into its content."""
    if path.is_dir():
        raise InputError(f"{path}: a folder; a file to write was expected")
    if not path.name.lower().endswith(_SUFFIXES):
        raise InputError(f"{path}: unknown suffix for a catalogue; expected one of {', '.join(_SUFFIXES)}")


def _write(catalogue: Catalogue, path: Path, name: str) -> None:
    """Write to a (temporary) path what the final name asks for."""
    if name.endswith(".parquet"):
        from terrella.formats.catalogues.parquet import write_parquet

        write_parquet(catalogue, path)
    elif name.endswith((".csv", ".csv.gz")):
        from terrella.formats.catalogues.comcat_csv import write_comcat_csv

        write_comcat_csv(catalogue, path, compressed=name.endswith(".gz"))
    elif name.endswith((".xml", ".quakeml")):
        from terrella.formats.catalogues.quakeml import write_quakeml

        write_quakeml(catalogue, path)
    elif name.endswith(".zmap"):
        from terrella.formats.catalogues.aligned import write_zmap

        write_zmap(catalogue, path)
    else:
        from terrella.formats.catalogues.csep_ascii import write_csep_ascii

        write_csep_ascii(catalogue, path)


_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".xml", ".quakeml", ".csep", ".dat", ".txt", ".zmap")
