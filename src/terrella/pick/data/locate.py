"""Where a data set lies: a folder, or a name in SeisBench's cache, downloaded there where it is not."""

import os
from pathlib import Path

from terrella.engine.run import Report
from terrella.engine.web import Patience
from terrella.errors import InputError
from terrella.pick.data.cards import CARDS, find_card
from terrella.pick.data.download import PATIENCE, REPOSITORY, download_data_set
from terrella.pick.data.lock import alone
from terrella.pick.settings import PickSettings


def seisbench_folder() -> Path:
    """Return the folder of SeisBench's cache: SEISBENCH_CACHE_ROOT or ~/.seisbench."""
    root = os.environ.get("SEISBENCH_CACHE_ROOT")
    return Path(root) if root else Path.home() / ".seisbench"


def cache_folder() -> Path:
    """Return the folder of SeisBench's data sets."""
    return seisbench_folder() / "datasets"


def check_source(source: str) -> None:
    """Refuse what is neither a file or folder nor a data set's name, before any work begins.

    Raises:
        InputError: where it is none.
    """
    here = Path(source).expanduser().exists() or _holds_data_set(cache_folder() / source.lower())
    if here or source.startswith("synthetic:"):
        return
    if "/" in source:
        raise InputError(
            f"{source} is not there; `terrella pick data ARCHIVE --picks PICKS -o {source}` makes it"
        )
    find_card(source)


def check_settings(settings: PickSettings) -> None:
    """Refuse settings of a training that name data which are not there; see `check_source`."""
    for source in settings.data.sets:
        check_source(source)


def locate(
    source: str,
    report: Report = lambda event: None,
    download: bool = True,
    repository: str = REPOSITORY,
    patience: Patience = PATIENCE,
) -> tuple[Path, ...]:
    """Return the folders of a data set: one, but two for INSTANCE, whose noise is a set of its own.

    `source` is a folder, a file of it, one of the eight names, or any name in SeisBench's cache.

    Raises:
        InputError: where there is no such folder or name, or it is not here and `download` is false.
        TerrellaError: where the repository does not answer.
    """
    path = Path(source).expanduser()
    if path.suffix in (".csv", ".hdf5") and path.is_file():
        return (path.parent,)
    if path.is_dir() and (source.lower() not in CARDS or _holds_data_set(path)):
        return (path,)
    if source.lower() not in CARDS and _holds_data_set(cache_folder() / source.lower()):
        return (cache_folder() / source.lower(),)
    folders = tuple(cache_folder() / name for name in find_card(source).folders)
    for folder in folders:
        if _holds_data_set(folder):
            continue
        if not download:
            raise InputError(
                f"{source} is not in {folder}; `terrella pick data {source} -o FOLDER` downloads it"
            )
        with alone(folder, report):
            download_data_set(f"{repository.rstrip('/')}/{folder.name}", folder, report, patience)
    return folders


def _holds_data_set(folder: Path) -> bool:
    """Return whether all files of a data set are there; while it is downloaded, some have other names."""
    if (folder / "metadata.csv").is_file() and (folder / "waveforms.hdf5").is_file():
        return True
    if not (folder / "chunks").is_file():
        return False
    chunks = (folder / "chunks").read_text(encoding="utf-8").split()
    files = [folder / file for c in chunks for file in (f"metadata{c}.csv", f"waveforms{c}.hdf5")]
    return bool(files) and all(file.is_file() for file in files)
