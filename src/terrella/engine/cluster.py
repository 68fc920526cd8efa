"""Many independent pieces of work: processes of this machine, or the user's own Dask scheduler."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from terrella.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

_SECONDS_FOR_SCHEDULER = 10.0


@contextmanager
def open_cluster(scheduler: str | None, workers: int | None) -> Iterator["Client"]:
    """Give a client of the user's own Dask scheduler, or of `workers` processes started here, one thread each.

    Raises:
        InputError: where the scheduler does not answer.
    """
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_SECONDS_FOR_SCHEDULER)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            line = str(error).splitlines()[0]
            raise InputError(
                f"the scheduler {scheduler} does not answer ({line}); start one with `dask scheduler`, or leave "
                "--scheduler out"
            ) from None
        with client:
            yield client
        return
    cores = os.cpu_count() or 1
    n = workers or 1
    # Torch and its like take all cores in every process unless told otherwise.
    threads = str(max(1, cores // n))
    environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
    with (
        _environment(environment),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=n,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: another cluster may hold the usual one
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
