"""The past, run through the code that runs in the present: month by month, as fast as it goes."""

from collections.abc import Iterator

import numpy as np

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.live.issuing import FORECAST
from terrella.live.keeping import advance
from terrella.live.opening import Opened
from terrella.live.store import only_writer
from terrella.live.times import iso
from terrella.live.versions import from_catalogue


def replay(opened: Opened, catalogue: Catalogue, until_us: int, report: Report) -> None:
    """Issue and score all that would have been, each event known when it happened; stopped, it goes on.

    Months are its steps: what is done of one is computed as one, so that it does not matter where it was stopped.

    Raises:
        InputError: where the record was begun with other events, or another process writes it.
    """
    store = opened.store
    with only_writer(store):
        given = from_catalogue(catalogue)
        versions = store.versions()
        if len(versions) == 0:
            store.learn(given)
            versions = store.versions()
        elif versions.hash() != given.hash():
            raise InputError(
                f"{store.folder} replays another catalogue than {catalogue.name}; give another folder"
            )
        steps = list(_months(opened.began_us, until_us))
        for place, (first, last) in enumerate(steps, 1):
            new = advance(store, opened.served, opened.settings, versions, first, last)
            note = f"to {iso(last)[:10]}, {new:,} new entries"
            report({"kind": "progress", "stage": "replay", "done": place, "total": len(steps), "note": note})
        number = len(store.records(FORECAST))
        report({"kind": "result", "message": f"{number:,} forecasts lie in {store.folder}"})


def _months(first_us: int, last_us: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a time that lie in one month each."""
    start = first_us
    while start < last_us:
        following = (
            (np.datetime64(start, "us").astype("datetime64[M]") + 1).astype("datetime64[us]").astype(np.int64)
        )
        yield start, min(int(following), last_us)
        start = int(following)
