"""The traces of SEG-Y files as records, in chunks of traces that follow each other; nothing is converted before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.errors import InputError
from terrella.formats.records.past_cache import read_file
from terrella.formats.records.record_store import (
    Reader,
    RecordStore,
    Variable,
    even_borders,
    readable,
    whole_pieces,
)
from terrella.formats.records.unchanged import Unchanged
from terrella.formats.sections.segy_geometry import segyio_module
from terrella.formats.sections.segy_layout import Layout, native, read_layout


def open_segy_store(paths: Mapping[str, Path], traces_per_chunk: int | None = None) -> RecordStore:
    """Open SEG-Y files, one per name, of as many traces each; a record is a trace (sample,) in float32.

    Traces come in the files' order, a chunk of about 1 MiB unless it is said. What is no finite number is 0.

    Raises:
        InputError: where segyio is not installed, a file is missing, cut short or of an unknown format code,
            or the files differ in their number of traces.
    """
    segyio_module()
    unchanged, layouts = Unchanged(), {}
    for name, path in paths.items():
        with readable(path):
            unchanged.note(path, path.stat())
        layouts[name] = read_layout(path)
    counts = {str(paths[name]): layout.n_traces for name, layout in layouts.items()}
    if len(set(counts.values())) > 1:
        raise InputError(f"SEG-Y files of one store need as many traces each; they hold {counts}")
    variables = {name: Variable((each.n_samples,), np.dtype(np.float32)) for name, each in layouts.items()}
    first = next(iter(paths.values()))
    per_chunk = traces_per_chunk or whole_pieces(1, sum(each.trace_bytes for each in layouts.values()))
    return RecordStore(
        first if len(paths) == 1 else first.parent,
        variables,
        even_borders(next(iter(counts.values())), per_chunk),
        {name: _reader(paths[name], layout, unchanged) for name, layout in layouts.items()},
    )


def _reader(path: Path, layout: Layout, unchanged: Unchanged) -> Reader:
    def read(first: int, end: int, out: npt.NDArray[Any]) -> None:
        rows = np.empty(end - first, layout.row)
        read_file(path, unchanged, layout.first_byte + first * layout.trace_bytes, rows)
        with np.errstate(over="ignore"):  # float64 beyond float32's range becomes infinite, which is noticed
            out[:] = native(rows["samples"], layout)
        finite = np.isfinite(out)
        if not finite.all():
            out[~finite] = 0

    return read
