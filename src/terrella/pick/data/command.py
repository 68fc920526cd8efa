"""`terrella pick data`: a store of a data set, or a data set of one's own archive."""

from pathlib import Path

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.pick.data.archive import make_from_archive
from terrella.pick.data.cards import card_lines
from terrella.pick.data.download import REPOSITORY
from terrella.pick.data.locate import locate
from terrella.pick.data.open import open_store
from terrella.pick.data.store import SPLITS, Precision, make_store
from terrella.pick.data.store_files import save_store
from terrella.pick.store import Store


def make(
    source: str | None,
    output: Path | None,
    report: Report,
    picks: Path | None = None,
    rate_hz: float = 100.0,
    precision: Precision = "float32",
    repository: str | None = None,
    list_cards: bool = False,
) -> list[str]:
    """Make the store of a data set, download it first where it is not here, or make a data set of an archive.

    Raises:
        InputError: for options that do not go together, and all that the work itself raises.
    """
    if list_cards:
        return card_lines()
    if source is None or output is None:
        raise InputError(
            "name a data set and an output, as in: terrella pick data ETHZ -o stores/ethz; or --list them"
        )
    if not rate_hz > 0:
        raise InputError(f"--rate-hz {rate_hz:g}: a positive number was expected")
    if picks is not None:
        return [
            *make_from_archive(Path(source), picks, output, report),
            f"next: terrella pick data {output} -o STORE, or give {output} to train and judge",
        ]
    if source.startswith("synthetic:"):
        store = open_store(source, rate_hz, report)
        save_store(store, output)
    else:
        folders = locate(source, report, repository=repository or REPOSITORY)
        store = make_store(folders, output, rate_hz, precision, report)
    return store_lines(store, output)


def store_lines(store: Store, folder: Path) -> list[str]:
    """Return what a store holds, in a few lines."""
    splits = ", ".join(f"{int((store.split == name).sum()):,} {name}" for name in SPLITS)
    picks = ", ".join(
        f"{int(n):,} {name}" for name, n in zip(store.phases, (store.picks >= 0).sum(axis=0), strict=True)
    )
    hours = float(store.length.sum()) / store.rate_hz / 3600
    size = store.samples.nbytes / 2**20
    return [
        f"{folder}: {len(store):,} traces ({splits}; {int(store.noise.sum()):,} of noise), {hours:,.1f} h",
        f"picks: {picks or 'none'}",
        f"{store.rate_hz:g} Hz, {store.samples.dtype}, {size:,.0f} MiB, memory-mapped",
    ]
