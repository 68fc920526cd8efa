"""Checkpoints: all that a bit-exact resumption needs, written in one step, without pickle.

A checkpoint is one safetensors file; what is not a tensor lies in its header as JSON.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from terrella.engine.fit.processes import gathered, rank
from terrella.engine.fit.random_states import random_states, restore_random_states
from terrella.engine.fit.sharding import load_whole, spread_like, whole
from terrella.engine.tensor_file import read_tensors, tensors_below, write_tensors
from terrella.errors import InputError
from terrella.files import replace_file

_KEPT = 2


@dataclass(frozen=True)
class Position:
    """Where a training stands, and what it has found so far."""

    fingerprint: str
    stage: int = 0
    epoch: int = 0  # of the stage
    batch: int = 0  # of the epoch
    step: int = 0  # of the training
    epochs: int = 0  # ended in the training
    loss_sum: float = 0.0  # of the epoch so far
    best: float | None = None
    best_epoch: int = -1  # of the stage
    finished: bool = False


@dataclass(frozen=True)
class State:
    """The parts of a training that change: networks by name, and the optimiser."""

    networks: dict[str, nn.Module]
    optimiser: torch.optim.Optimizer


def save(folder: Path, state: State, position: Position) -> None:
    """Write a checkpoint and drop all but the last two; all processes call it and the first one writes.

    Raises:
        TerrellaError: where it cannot be written; earlier checkpoints stay.
    """
    tensors = {
        f"random.{number}.{name}": value
        for number, states in enumerate(gathered(random_states()))
        for name, value in states.items()
    }
    changing = [
        *((f"network.{name}", network.state_dict()) for name, network in state.networks.items()),
        *((f"optimiser.{index}", values) for index, values in state.optimiser.state_dict()["state"].items()),
    ]
    for prefix, values in changing:
        for key, value in values.items():
            gathered_value = whole(value)  # by all processes together
            if rank() == 0:
                tensors[f"{prefix}.{key}"] = gathered_value.cpu()
    if rank() > 0:
        return
    header = {"position": asdict(position)}
    path = folder / f"step-{position.step:09d}.safetensors"
    replace_file(path, lambda temporary: write_tensors(temporary, tensors, header))
    for old in _newest_first(folder)[_KEPT:]:
        old.unlink()


def restore(folder: Path, state: State, fingerprint: str) -> tuple[Position | None, list[str]]:
    """Load the newest whole checkpoint into `state`; return its position, and a line for each broken one.

    Raises:
        InputError: where the checkpoint belongs to other settings or data.
    """
    broken = []
    for path in _newest_first(folder):
        try:
            tensors, header = read_tensors(path)
        except InputError as error:
            broken.append(f"{error}; going on from the one before, or from the start where there is none")
            continue
        if header["position"]["fingerprint"] != fingerprint:
            raise InputError(
                f"{folder.parent} was begun with other settings or data; give them as they were "
                f"(settings.toml there), or begin anew with another --run or by removing {folder.parent}"
            )
        _load(state, tensors)
        return Position(**header["position"]), broken
    return None, broken


def remove_leftovers(folder: Path) -> None:
    """Remove what a kill left half-written; names that begin with a dot are never those of checkpoints."""
    for leftover in folder.glob(".*"):
        leftover.unlink()


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.safetensors"), reverse=True)


def _load(state: State, tensors: dict[str, Tensor]) -> None:
    for name, network in state.networks.items():
        load_whole(network, tensors_below(tensors, f"network.{name}."))
    optimiser = state.optimiser.state_dict()
    parameters = [each for group in state.optimiser.param_groups for each in group["params"]]
    for name, value in tensors_below(tensors, "optimiser.").items():
        index, key = name.split(".", 1)
        like = parameters[int(index)]
        value = spread_like(value, like) if value.shape == like.shape else value
        optimiser["state"].setdefault(int(index), {})[key] = value
    state.optimiser.load_state_dict(optimiser)
    # A training resumed with more processes than before has no states for the new ones.
    if states := tensors_below(tensors, f"random.{rank()}."):
        restore_random_states(states)
