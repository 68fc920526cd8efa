"""Weights of GraphCast's published checkpoints, read by name into this network.

A checkpoint is an .npz archive of arrays named `params:MODULE:w`, and of its configuration. Nothing is unpickled.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrella.errors import InputError
from terrella.weather.mesh.features import NODE
from terrella.weather.model.network import PAST, MeshNetwork
from terrella.weather.model.perceptron import Perceptron

Arrays = Mapping[str, NDArray[Any]]
_GRID, _MESH, _BACK = (
    f"params:{name}_gnn/~_networks_builder/" for name in ("grid2mesh", "mesh", "mesh2grid")
)


@dataclass(frozen=True)
class Channels:
    """What the numbers of a point are, in the order in which the network has them."""

    states: Sequence[tuple[str, float | None]]  # variable and pressure in hPa, None at the surface
    forcings: Sequence[str]
    static: Sequence[str]
    diagnosed: Sequence[tuple[str, float | None]] = ()


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a checkpoint by name.

    Raises:
        InputError: where it is none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise InputError(
            f"{path} is no checkpoint of GraphCast ({error}); an .npz archive is expected"
        ) from None
    if not any(name.startswith(_MESH) for name in arrays):
        raise InputError(f"{path} holds no weights of GraphCast: no name in it begins with {_MESH}")
    return arrays


def load_published(network: MeshNetwork, arrays: Arrays, channels: Channels) -> None:
    """Put a checkpoint's weights into a network of the same sizes, whose channels are in the order of `channels`.

    What the original carries and nothing reads is passed over: the weights of the zeros at mesh nodes, and the
    decoder's update of mesh nodes.

    Raises:
        InputError: naming the first array that is missing or of another shape.
    """
    order = _input_order(channels)
    for name, part in _parts(network):
        tensors = _tensors(arrays, name, part)
        first = tensors.pop("first")
        if part is network.embed_grid:
            _same(name, first.shape, (len(order) + NODE, first.shape[1]))
            first = first[[*order, *range(len(order), len(order) + NODE)]]
        if part is network.embed_mesh:
            first = first[-NODE:]
        if part is network.output:
            rows = _output_order(channels)
            tensors["last.weight"], tensors["last.bias"] = (
                tensors[f"last.{each}"][..., rows] for each in ("weight", "bias")
            )
        pieces = np.split(first, np.cumsum([weight.shape[1] for weight in part.first])[:-1])
        found = {f"first.{at}": piece for at, piece in enumerate(pieces)} | tensors
        held = dict(part.named_parameters())
        for key, values in found.items():
            target, value = held[key], torch.from_numpy(np.array(values.T, np.float32))
            _same(f"{name}, {key}", value.shape, target.shape)
            target.data.copy_(value)


def published_parameters(network: MeshNetwork) -> int:
    """Return how many parameters the published form of a network has, with those that nothing reads."""
    latent = len(network.embed_grid.bias)
    zeros = (network.embed_grid.first[0].shape[1] - NODE) * latent
    unread = sum(each.numel() for each in network.update_grid.parameters())
    return sum(each.numel() for each in network.parameters()) + zeros + unread


def _parts(network: MeshNetwork) -> Iterator[tuple[str, Perceptron]]:
    """Give the original's name of each perceptron, whose operands have the same order there."""
    yield f"{_GRID}encoder_nodes_grid_nodes", network.embed_grid
    yield f"{_GRID}encoder_nodes_mesh_nodes", network.embed_mesh
    yield f"{_GRID}encoder_edges_grid2mesh", network.embed_grid_to_mesh
    yield f"{_GRID}processor_edges_0_grid2mesh", network.to_mesh.edge
    yield f"{_GRID}processor_nodes_0_mesh_nodes", network.to_mesh.node
    yield f"{_GRID}processor_nodes_0_grid_nodes", network.update_grid
    yield f"{_MESH}encoder_edges_mesh", network.embed_multi_mesh
    for number, each in enumerate(network.rounds):
        assert isinstance(each.edge, Perceptron)
        assert isinstance(each.node, Perceptron)
        yield f"{_MESH}processor_edges_{number}_mesh", each.edge
        yield f"{_MESH}processor_nodes_{number}_mesh_nodes", each.node
    yield f"{_BACK}encoder_edges_mesh2grid", network.embed_mesh_to_grid
    yield f"{_BACK}processor_edges_0_mesh2grid", network.to_grid.edge
    yield f"{_BACK}processor_nodes_0_grid_nodes", network.to_grid.node
    yield f"{_BACK}decoder_nodes_grid_nodes", network.output


def _tensors(arrays: Arrays, name: str, part: Perceptron) -> dict[str, NDArray[Any]]:
    names = {
        "first": f"{name}_mlp/~/linear_0:w",
        "bias": f"{name}_mlp/~/linear_0:b",
        "last.weight": f"{name}_mlp/~/linear_1:w",
        "last.bias": f"{name}_mlp/~/linear_1:b",
    }
    if part.scale is not None:
        names |= {each: f"{name}_layer_norm:{each}" for each in ("scale", "offset")}
    for each in names.values():
        if each not in arrays:
            raise InputError(f"the checkpoint has no {each}; is it one of GraphCast's, with as many rounds?")
    return {key: arrays[each] for key, each in names.items()}


def _same(name: str, found: Sequence[int], expected: Sequence[int]) -> None:
    if tuple(found) != tuple(expected):
        raise InputError(f"{name} of the checkpoint is {tuple(found)}, the network's {tuple(expected)}")


def _input_order(channels: Channels) -> list[int]:
    """Return where the original has each of the network's inputs.

    There, variables lie in the order of their names, each with its times, then levels; the forcings of the time
    that is forecast come last.
    """
    states = len(channels.states)
    forcings = len(channels.forcings)
    ours: list[tuple[str, int, float | None]] = [
        *((name, time, level) for time in range(PAST) for name, level in channels.states),
        *((name, time, None) for time in range(PAST + 1) for name in channels.forcings),
        *((name, 0, None) for name in channels.static),
    ]
    assert len(ours) == PAST * states + (PAST + 1) * forcings + len(channels.static)
    theirs = sorted(ours, key=lambda each: (each[1] == PAST, each[0], each[1], each[2] or 0.0))
    place = {each: at for at, each in enumerate(theirs)}
    return [place[each] for each in ours]


def _output_order(channels: Channels) -> list[int]:
    ours = [*channels.states, *channels.diagnosed]
    theirs = sorted(ours, key=lambda each: (each[0], each[1] or 0.0))
    return [theirs.index(each) for each in ours]
