"""A synthetic store as a data set in SeisBench's format."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from terrella.formats.waveforms.seisbench_write import Trace, write_data_set
from terrella.pick.store import COMPONENTS, Store


def write_store(store: Store, folder: Path) -> int:
    """Write a store's traces, picks, splits and table as a data set; return the number of traces.

    Components that were not recorded are zero.

    Raises:
        InputError: where the folder holds a data set in chunks.
    """
    about = {"component_order": "".join(COMPONENTS), "sampling_rate": store.rate_hz}
    return write_data_set(folder, _traces(store), about)


def _traces(store: Store) -> Iterator[Trace]:
    picks = pd.DataFrame(
        {f"trace_{name}_arrival_sample": store.picks[:, k] for k, name in enumerate(store.phases)}
    )
    table = pd.concat([store.table.reset_index(drop=True), picks.where(picks >= 0)], axis=1)
    table["split"] = store.split
    for index, row in enumerate(table.to_dict("records")):
        yield {str(name): value for name, value in row.items()}, store.trace(index)
