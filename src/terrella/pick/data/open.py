"""Labelled waveforms by any name that a user may give: a store, a data set, or a synthetic domain."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.formats.waveforms.resampling import rate_ratio, resampled
from terrella.pick.data.locate import locate
from terrella.pick.data.store import make_store, store_fingerprint
from terrella.pick.data.store_files import holds_store, load_store
from terrella.pick.store import Store

_SYNTHETIC = "synthetic:"
_IN_RAM = 1 << 29  # bytes of waveform files: larger sets are made into a store on disk, once


def open_store(where: str, rate_hz: float = 100.0, report: Report = lambda event: None) -> Store:
    """Return the store of a data set at a rate.

    `where` is the folder of a store or of a data set in SeisBench's format, one of the eight data sets' names
    or a name in SeisBench's cache, or synthetic:NAME for a domain of generated seismograms (synthetic:NAME:2000
    says how many traces). Stores of large data sets are made once, in TERRELLA_CACHE (default
    ~/.cache/terrella), and memory-mapped.

    Parameters
    ----------
    where : str
        Folder or name.
    rate_hz : float
        In Hz.
    report : callable
        Takes events as dicts.

    Raises
    ------
    InputError
        Where there is nothing of that name, or a store has another rate.
    """
    if where.startswith(_SYNTHETIC):
        return _synthetic(where.removeprefix(_SYNTHETIC), rate_hz)
    if not holds_store(folder := Path(where).expanduser()):
        return _of_data_set(locate(where, report), rate_hz, report)
    store = load_store(folder)
    if store.rate_hz != rate_hz:
        raise InputError(
            f"{where} is a store of {store.rate_hz:g} Hz, not {rate_hz:g} Hz; give the data set it was made from"
        )
    return store


def _synthetic(given: str, rate_hz: float) -> Store:
    """Return a domain's seismograms, at another rate the same ones resampled."""
    from terrella.pick.synthetic.domains import make_domain

    name, _, traces = given.partition(":")
    if traces and not (traces.isdecimal() and int(traces)):
        raise InputError(
            f"{_SYNTHETIC}{given}: the number of traces is {traces!r}; give one such as {name}:2000"
        )
    store = make_domain(name, int(traces)) if traces else make_domain(name)
    if store.rate_hz == rate_hz:
        return store
    samples = int(store.length[0])
    ratio = rate_ratio(rate_hz, store.rate_hz, samples, _SYNTHETIC + given)
    waves = resampled(np.asarray(store.samples, np.float32).reshape(len(store), 3, samples), ratio)
    length = np.full(len(store), waves.shape[2])
    return replace(
        store,
        samples=waves.reshape(-1),
        offset=3 * waves.shape[2] * np.arange(len(store)),
        length=length,
        rate_hz=rate_hz,
        # A pick on the last sample may round to the one after it.
        picks=np.where(
            store.picks >= 0, np.rint(store.picks * float(ratio)).clip(max=waves.shape[2] - 1), -1
        ).astype(np.int32),
    )


def _of_data_set(folders: tuple[Path, ...], rate_hz: float, report: Report) -> Store:
    size = sum(path.stat().st_size for folder in folders for path in folder.glob("waveforms*.hdf5"))
    if size <= _IN_RAM:
        return make_store(folders, rate_hz=rate_hz, report=report)
    cache = Path(os.environ.get("TERRELLA_CACHE") or Path.home() / ".cache" / "terrella")
    name = "+".join(folder.name for folder in folders)
    place = cache / "stores" / f"{name}-{store_fingerprint(folders, rate_hz, 'float32')[:12]}"
    report({"kind": "message", "message": f"{name}: {size / 2**30:.1f} GiB, held as a store in {place}"})
    return make_store(folders, place, rate_hz, report=report)
