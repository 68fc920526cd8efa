"""Joining the processes of one training: those that were started together, or this one alone."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from terrella.engine.fit.processes import rank, world
from terrella.engine.run import Report
from terrella.errors import InputError, TerrellaError

# The first process may fit classical models for hours before the others have anything to do.
_PATIENCE = timedelta(days=2)
_SLURM_PORTS = range(20_000, 60_000)

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Place:
    """Which of how many processes this is, and where they meet."""

    rank: int
    world: int
    local_rank: int
    address: str
    port: int


@contextmanager
def joined_processes() -> Iterator[None]:
    """Join the other processes of a training within; started alone, do nothing.

    On one host start them with `terrella TASK train --processes 2 …` or with `torchrun --nproc-per-node 2 -m --
    terrella TASK train …`; on several with torchrun's `--nnodes` and `--rdzv-endpoint`, or under SLURM with
    `srun terrella TASK train …`. On machines with CUDA each process takes the GPU of its number on the host; where
    there are fewer, processes speak through RAM.

    Raises:
        InputError: where the variables of torchrun or SLURM do not fit together.
        TerrellaError: where another process of the training ended or could not be reached.
    """
    place = find_place(os.environ)
    if place is None or distributed.is_initialized():
        yield
        return
    if cuda := torch.cuda.is_available():
        torch.cuda.set_device(place.local_rank % torch.cuda.device_count())
    os.environ |= {
        "RANK": str(place.rank),
        "WORLD_SIZE": str(place.world),
        "MASTER_ADDR": place.address,
        "MASTER_PORT": str(place.port),
    }
    # NCCL refuses two processes on one GPU.
    enough = cuda and int(os.environ.get("LOCAL_WORLD_SIZE", "1")) <= torch.cuda.device_count()
    with _others_watched():
        distributed.init_process_group("cpu:gloo,cuda:nccl" if enough else "gloo", timeout=_PATIENCE)
        yield
        # Not after an error, where the others may be gone and cannot take leave.
        distributed.destroy_process_group()


def by_the_first(report: Report) -> Report:
    """Return what shows events in the first process, and in the others nothing."""
    return report if rank() == 0 else lambda event: None


def find_place(environment: Mapping[str, str]) -> Place | None:
    """Return this process's place among those of torchrun or SLURM, None where it was started alone.

    Raises:
        InputError: where a variable is missing or no number.
    """
    if "WORLD_SIZE" in environment:  # torchrun's, and whoever speaks its language
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT")
        number, count, local, port = (_number(environment, name, "torchrun") for name in names)
        address = environment.get("MASTER_ADDR", "127.0.0.1")
    elif "SLURM_PROCID" in environment and environment.get("SLURM_STEP_NUM_TASKS", "1") != "1":
        names = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_JOB_ID")
        number, count, local, job = (_number(environment, name, "srun") for name in names)
        # All processes of a job must agree on a port without speaking to each other.
        port = _SLURM_PORTS[job % len(_SLURM_PORTS)]
        address = first_host(environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_NODELIST", ""))
    else:
        return None
    if not 0 <= number < count:
        raise InputError(
            f"this is process {number} of {count}: the variables of torchrun or srun are mixed up"
        )
    return Place(number, count, local, address, port) if count > 1 else None


def first_host(nodes: str) -> str:
    """Return the first host of SLURM's list: node003 of node[003-005,9],other1.

    Raises:
        InputError: where the list is empty.
    """
    found = re.match(r"([^\[,]+)(?:\[(\d+)[^\]]*\]([^,]*))?", nodes)
    if found is None:
        raise InputError(f"SLURM lists no hosts ({nodes!r}); start the training with srun")
    return "".join(part or "" for part in found.groups())


def first_process_first(make: Callable[[], _Made]) -> _Made:
    """Return what `make` returns, in the first process before the others begin: it leaves files that they find.

    Raises:
        TerrellaError: in the others, where the first one failed.
    """
    if rank() == 0:
        try:
            made = make()
        except BaseException:
            _tell(failed=True)
            raise
        _tell(failed=False)
        return made
    if _tell(failed=False):
        raise TerrellaError("the first process of this training has failed; its own message says why")
    return make()


def _tell(failed: bool) -> bool:
    """Let the first process say to all whether it failed; return what it said."""
    if world() == 1:
        return failed
    said = [failed]
    distributed.broadcast_object_list(said, src=0, device=torch.device("cpu"))
    return said[0]


@contextmanager
def _others_watched() -> Iterator[None]:
    """Say in a line that another process is gone, where its silence breaks what this one is doing."""
    try:
        yield
    except RuntimeError as error:  # what gloo raises; NCCL's and the store's errors derive from it
        lost = isinstance(error, distributed.DistError) or any(sign in str(error) for sign in _SIGNS)
        if not lost:
            raise
        raise TerrellaError(
            f"process {os.environ['RANK']} of {os.environ['WORLD_SIZE']} lost the others: one of them ended or "
            "cannot be reached. The last checkpoint is kept; start all of them again to go on"
        ) from None


_SIGNS = ("gloo", "Connection closed by peer", "Connection reset", "Broken pipe", "Timed out", "NCCL")


def _number(environment: Mapping[str, str], name: str, who: str) -> int:
    value = environment.get(name, "missing")
    if not value.isdecimal():
        raise InputError(f"{name} is {value}; {who} sets it to a number: start the training with {who}")
    return int(value)
