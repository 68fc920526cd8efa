"""A training of a second or so, in this process or in one of its own that tests may kill.

It draws random numbers at each step (dropout, and noise from NumPy and Python), so that resuming must restore
random states too.
"""

import hashlib
import multiprocessing
import os
import random
import socket
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from terrella.engine.feed import Feed, Held
from terrella.engine.fit import Stage, Training, joined_processes, train
from terrella.engine.run import Run
from terrella.errors import TerrellaError

# A server that has imported torch once, and what its optimisers import when first used, forks each child in
# milliseconds.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["terrella.engine.fit", "torch._dynamo"])


class Small(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def make_training(
    epochs: int = 6, dropout: float = 0.2, learning_rate: float = 0.01, pause: float = 0.0,
    patience: int | None = None, samples: int = 96, sharded: bool = False, accumulation: int = 1,
    observer: Any = None,
) -> Training:  # fmt: skip
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    x = torch.randn(samples, 4)
    data = {"x": x, "y": torch.sin(x.sum(1, keepdim=True))}

    def loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        time.sleep(pause)
        noise = dropout * (np.random.normal() + random.gauss(0, 1)) if dropout else 0.0  # noqa: NPY002
        return nn.functional.mse_loss(network(batch["x"] + 0.01 * noise), batch["y"])

    def validate(network: nn.Module) -> float:
        return float(nn.functional.mse_loss(network(x), data["y"]))

    return Training(
        network=Small(dropout),
        loss=loss,
        feed=Feed(Held(data, torch.device("cpu")), 16, seed=3),
        stages=(
            Stage("first", epochs, learning_rate, 5, patience),
            Stage("second", 2, learning_rate / 10, 0, schedule="constant"),
        ),
        validate=validate,
        fingerprint="small",
        averaging=0.9,
        sharded=sharded,
        accumulation=accumulation,
        observer=observer,
        checkpoint_seconds=0.0,
    )


def digest(network: nn.Module) -> str:
    values = b"".join(v.numpy().tobytes() for v in network.state_dict().values())
    return hashlib.sha256(values).hexdigest()


def start(run: Path, pause: float = 0.0, rank: int = 0, world: int = 1, **settings: Any) -> BaseProcess:
    """Train in a process of its own, which leaves its outcome in `outcome-RANK.txt` beside the run."""
    process = _PROCESSES.Process(target=_train, args=(run, pause, rank, world, settings))
    process.start()
    return process


def outcome(run: Path, rank: int = 0) -> str:
    return run.with_name(f"{run.name}-outcome-{rank}.txt").read_text()


def start_all(run: Path, world: int, pause: float = 0.0, **settings: Any) -> list[BaseProcess]:
    """Train in several processes, which meet at a port of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [start(run, pause, rank, world, port=port, **settings) for rank in range(world)]


def _train(run: Path, pause: float, rank: int, world: int, settings: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    port = settings.pop("port", None)
    if world > 1:
        place = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank, "MASTER_PORT": port}
        os.environ |= {name: str(value) for name, value in place.items()} | {"MASTER_ADDR": "127.0.0.1"}
    try:
        with joined_processes():
            said, code = digest(train(make_training(pause=pause, **settings), Run(run))), 0
    except TerrellaError as error:
        said, code = str(error), error.exit_code
    run.with_name(f"{run.name}-outcome-{rank}.txt").write_text(said)
    sys.stdout.flush()
    os._exit(code)  # a process that lost the others cannot take leave of them
