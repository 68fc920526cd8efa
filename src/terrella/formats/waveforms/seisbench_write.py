"""Writing a data set in SeisBench's format: traces one after another in, blocks of equal traces out."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from terrella.errors import InputError
from terrella.files import replace_file, write_text

BLOCK_TRACES = 1024
_PENDING_BYTES = 256 << 20  # kept back for blocks that are not full yet

Trace = tuple[Mapping[str, Any], npt.NDArray[Any]]


def write_data_set(
    folder: Path,
    traces: Iterable[Trace],
    data_format: Mapping[str, Any],
    chunk: str = "",
    block_traces: int = BLOCK_TRACES,
) -> int:
    """Write traces, each its metadata and its samples (component, sample), as a data set; return their number.

    Traces of the same shape and type share a block. `data_format` holds at least the component order, unless each
    trace's metadata do (`trace_component_order`); the same for the sampling rate. A trace's own name is kept as
    `trace_name_original`. With a chunk, such as "_2020", this is one chunk of the folder's data set. The metadata
    come last: a folder without them is none that anything reads.

    Raises:
        InputError: where a trace is not (component, sample), or there is none.
    """
    if not chunk and (folder / "chunks").exists():
        raise InputError(f"{folder} holds a data set in chunks; give another folder, or a chunk's name")
    metadata = folder / f"metadata{chunk}.csv"
    blocks = _Blocks(block_traces)

    def write_waveforms(path: Path) -> None:
        with h5py.File(path, "w") as file:
            data = file.create_group("data")
            for about, samples in traces:
                blocks.add(data, dict(about), np.asarray(samples))
            blocks.flush(data)
            if not blocks.rows:
                raise InputError(f"{folder}: no trace to write")
            group = file.create_group("data_format")
            for name, value in {"dimension_order": "CW", **data_format}.items():
                group.create_dataset(name, data=value)
        metadata.unlink(missing_ok=True)

    replace_file(folder / f"waveforms{chunk}.hdf5", write_waveforms)
    table = pd.DataFrame(blocks.rows)
    replace_file(metadata, lambda path: table.to_csv(path, index=False))
    if chunk:
        listed = folder / "chunks"
        known = listed.read_text(encoding="utf-8").split() if listed.exists() else []
        write_text(listed, "".join(f"{name}\n" for name in sorted({*known, chunk})))
    return len(blocks.rows)


class _Blocks:
    """Traces on their way into blocks of one shape and type."""

    def __init__(self, block_traces: int) -> None:
        self.rows: list[dict[str, Any]] = []  # in the order of arrival, named once their block is written
        self.block_traces = block_traces
        self.pending: dict[tuple[tuple[int, ...], str], list[tuple[dict[str, Any], npt.NDArray[Any]]]] = {}
        self.pending_bytes = 0
        self.written = 0

    def add(self, data: h5py.Group, about: dict[str, Any], samples: npt.NDArray[Any]) -> None:
        if samples.ndim != 2 or samples.dtype.kind not in "fiu":
            raise InputError(
                f"trace {len(self.rows) + 1}: {samples.dtype} of shape {samples.shape}; numbers of shape "
                "(component, sample) were expected"
            )
        if "trace_name" in about:
            about["trace_name_original"] = about.pop("trace_name")
        self.rows.append(about)
        key = (samples.shape, samples.dtype.str)
        block = self.pending.setdefault(key, [])
        block.append((about, samples))
        self.pending_bytes += samples.nbytes
        if len(block) >= self.block_traces:
            self._write(data, key)
        elif self.pending_bytes > _PENDING_BYTES:
            self._write(data, max(self.pending, key=lambda k: sum(s.nbytes for _, s in self.pending[k])))

    def flush(self, data: h5py.Group) -> None:
        for key in list(self.pending):
            self._write(data, key)

    def _write(self, data: h5py.Group, key: tuple[tuple[int, ...], str]) -> None:
        block = self.pending.pop(key)
        n_components, n_samples = key[0]
        data.create_dataset(f"bucket{self.written}", data=np.stack([samples for _, samples in block]))
        for i, (about, samples) in enumerate(block):
            about["trace_name"] = f"bucket{self.written}${i},:{n_components},:{n_samples}"
            self.pending_bytes -= samples.nbytes
        self.written += 1
