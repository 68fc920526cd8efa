"""SeisBench's published weights, and others with its names, into the networks of this package."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from terrella.engine.use.checked import checked_network
from terrella.errors import InputError
from terrella.pick.networks.architecture import Architecture, refuse_odd_numbers
from terrella.pick.networks.cred import CRED

_Tensors = dict[str, Tensor]

# From our names to SeisBench's, as regular expressions; what matches none has the same name in both.
_NAMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "basicphaseae": (),
    "cred": (
        (r"residual(\d)\.", r"cnn_block\1."),
        (r"lstm1\.", "lstm_block.lstms.0."),
        (r"lstm2\.", "lstm_block.lstms.1."),
        (r"lstm3\.", "lstm."),
    ),
    "dpp-detector": (
        *((rf"layers\.{i}\.(depth|point)wise", rf"conv{i + 1}.\1wise") for i in range(5)),
        *((rf"layers\.{i}\.norm", f"bn{i + 1}") for i in range(5)),
        (r"dense\.", "fc1."),
        (r"norm\.", "bn6."),
        (r"out\.", "fc2."),
    ),
    "dpp-p": (),
    "dpp-s": (),
    "eqtransformer": (
        *((rf"residual\.(\d)\.norms\.{i}", rf"res_cnn_stack.members.\1.norm{i + 1}") for i in range(2)),
        *((rf"residual\.(\d)\.convs\.{i}", rf"res_cnn_stack.members.\1.conv{i + 1}") for i in range(2)),
        (r"recurrent\.", "bi_lstm_stack.members."),
        (r"transformers\.0\.(.*)", r"transformer_d0.\1"),
        (r"transformers\.1\.(.*)", r"transformer_d.\1"),
        (r"detection\.convs", "decoder_d.convs"),
        (r"detection\.out", "conv_d"),
        (r"picks\.(\d)\.lstm", r"pick_lstms.\1"),
        (r"picks\.(\d)\.attention", r"pick_attentions.\1"),
        (r"picks\.(\d)\.decoder\.convs", r"pick_decoders.\1.convs"),
        (r"picks\.(\d)\.decoder\.out", r"pick_convs.\1"),
    ),
    "gpd": (
        *((rf"convolutions\.{i}", f"conv{i + 1}") for i in range(4)),
        *((rf"convolution_norms\.{i}", f"bn{i + 1}") for i in range(4)),
        *((rf"dense\.{i}", f"fc{i + 1}") for i in range(2)),
        *((rf"dense_norms\.{i}", f"bn{i + 5}") for i in range(2)),
        (r"out\.", "fc3."),
    ),
    "phasenet": (
        (r"entry\.", "inc."),
        (r"entry_norm", "in_bn"),
        (r"down\.(\d)\.smooth\.conv", r"down_branch.\1.0"),
        (r"down\.(\d)\.smooth\.norm", r"down_branch.\1.1"),
        (r"down\.(\d)\.conv", r"down_branch.\1.2"),
        (r"down\.(\d)\.norm", r"down_branch.\1.3"),
        (r"bottom\.conv", "down_branch.4.0"),
        (r"bottom\.norm", "down_branch.4.1"),
        (r"up\.(\d)\.conv", r"up_branch.\1.0"),
        (r"up\.(\d)\.norm", r"up_branch.\1.1"),
        (r"up\.(\d)\.smooth\.conv", r"up_branch.\1.2"),
        (r"up\.(\d)\.smooth\.norm", r"up_branch.\1.3"),
    ),
}
# Ends of names that come after those above.
_ENDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "eqtransformer": (
        (r"\.wide\.", ".ff.lin1."),
        (r"\.narrow\.", ".ff.lin2."),
        (r"\.key$", ".Wx"),
        (r"\.query$", ".Wt"),
        (r"\.query_bias$", ".bh"),
        (r"\.score$", ".Wa"),
        (r"\.score_bias$", ".ba"),
    )
}
# What SeisBench takes where the file beside the weights does not say it.
_DEFAULT_PHASES = {"basicphaseae": "NPS", "phasenet": "NPS", "eqtransformer": "PS", "gpd": "PSN"}
_DEFAULT_NORM = {"basicphaseae": "std", "cred": "std", "phasenet": "std", "eqtransformer": "std"}
# The SHA-256 of the first layer of Zhu & Beroza's own weights (2019), which take the components E, N, Z.
_ORIGINAL_PHASENET = "a2903b49632e41de327110928dc51be22d09247bec29c1433cf13ac1e4ce22df"
# These take one standard deviation over all components; any peak but GPD's is that of each component.
_STD_OF_ALL = ("cred", "eqtransformer")
_COUNT = ".num_batches_tracked"  # only counts batches of a training


def load_weights(path: Path, architecture: Architecture) -> tuple[nn.Module, Architecture]:
    """Return the network with the weights of a file, and its architecture as those weights need it.

    `path` is a file of SeisBench (NAME.pt, NAME.pt.v1) or a safetensors file with SeisBench's names. What the
    weights were trained with, order of outputs and components, normalisation, rate, is read from NAME.json or
    NAME.json.v1 beside it, else from the safetensors file's own text, else it is SeisBench's default.

    Raises:
        InputError: where the file cannot be read, or does not hold this network.
    """
    tensors, described = _read(path)
    try:
        arguments = described.get("model_args", described)
        network, trained = with_weights(
            tensors, arguments, described.get("default_args") or {}, architecture, str(path)
        )
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: what is said of these weights makes no sense ({error})") from None
    refuse_odd_numbers(trained, str(path))
    return network, trained


def with_weights(
    tensors: _Tensors,
    arguments: Mapping[str, Any],
    run_arguments: Mapping[str, Any],
    architecture: Architecture,
    where: str,
) -> tuple[nn.Module, Architecture]:
    """Return the network and its architecture for tensors under SeisBench's names; see `load_weights`.

    `arguments` are those with which SeisBench makes the model, `run_arguments` those with which it runs it.

    Raises:
        InputError: where the tensors are not those of this network; `where` names their file.
    """
    _refuse_variants(arguments, architecture, where)
    if architecture.name == "cred" and arguments.get("original_compatible"):
        architecture = replace(architecture, make=partial(CRED, late=True))
    expected = architecture.make().state_dict()
    theirs = {seisbench_name(architecture.name, name): name for name in expected}
    found = {name for name in tensors if not name.endswith(_COUNT)}
    wanted = {name for name in theirs if not name.endswith(_COUNT)}
    if missing := sorted(wanted - found):
        raise InputError(
            f"{where} does not hold {architecture.title}: it lacks {missing[0]}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}; choose the network it was made from"
        )
    if extra := sorted(found - wanted):
        raise InputError(
            f"{where} does not hold {architecture.title}: it has {extra[0]}, which that network lacks"
        )
    state = {}
    for name, ours in theirs.items():
        tensor = tensors.get(name, expected[ours])
        if tensor.shape != expected[ours].shape:
            raise InputError(
                f"{where} does not hold {architecture.title} as published: {name} has the shape "
                f"{tuple(tensor.shape)}, expected {tuple(expected[ours].shape)}"
            )
        state[ours] = tensor
    if architecture.name == "gpd" and arguments.get("original_compatible"):
        # Those weights flatten (sample, channel), ours (channel, sample).
        first = "dense.0.weight"
        state[first] = state[first].unflatten(1, (25, 256)).transpose(1, 2).flatten(1)
    module = checked_network(architecture.make, state, where)
    order = "ENZ" if _is_original_phasenet(tensors) else "ZNE"
    return module, _as_trained(architecture, arguments, run_arguments, order, where)


def seisbench_name(network: str, name: str) -> str:
    """Return SeisBench's name of a tensor of ours."""
    for pattern, theirs in _NAMES[network]:
        name, changed = re.subn("^" + pattern, theirs, name)
        if changed:
            break
    for pattern, theirs in _ENDS.get(network, ()):
        name = re.sub(pattern, theirs, name)
    return name


def _refuse_variants(arguments: Mapping[str, Any], architecture: Architecture, where: str) -> None:
    if architecture.name == "eqtransformer" and arguments.get("original_compatible"):
        raise InputError(
            f"{where} holds EQTransformer with the recurrent cells of the first Keras version, which this package "
            "does not have; choose weights trained in SeisBench, such as stead or instance"
        )
    if arguments.get("norm_detrend"):
        raise InputError(
            f"{where} asks for windows without their linear trend, which this package does not remove"
        )
    if arguments.get("in_samples", architecture.window) != architecture.window:
        raise InputError(
            f"{where} takes windows of {arguments['in_samples']} samples; {architecture.title} here takes "
            f"{architecture.window}"
        )


def _as_trained(
    architecture: Architecture,
    arguments: Mapping[str, Any],
    run_arguments: Mapping[str, Any],
    default_order: str,
    where: str,
) -> Architecture:
    name = architecture.name
    phases = tuple(arguments.get("phases") or _DEFAULT_PHASES.get(name) or architecture.outputs)
    outputs = ("detection", *phases) if name == "eqtransformer" else phases
    if name in ("cred", "dpp-p", "dpp-s"):
        outputs = architecture.outputs
    if sorted(outputs) != sorted(architecture.outputs):
        raise InputError(
            f"{where}: its outputs are {', '.join(outputs)}; {architecture.title} has "
            f"{', '.join(architecture.outputs)} in any order"
        )
    order = tuple(arguments.get("component_order") or default_order)
    if sorted(order) != ["E", "N", "Z"]:
        raise InputError(f"{where}: its components are {''.join(order)}; expected Z, N and E in any order")
    norm = (
        "peak"
        if arguments.get("norm_amp_per_comp")
        else arguments.get("norm", _DEFAULT_NORM.get(name, "peak"))
    )
    if norm not in ("peak", "std"):
        raise InputError(f"{where}: its normalisation is {norm!r}; expected peak or std")
    of_all = name == "gpd" or (norm == "std" and name in _STD_OF_ALL)
    blind = run_arguments.get("blinding", (architecture.blind,))
    return replace(
        architecture,
        outputs=outputs,
        components=order if len(architecture.components) == 3 else architecture.components,
        normalise="std" if norm == "std" else "peak",
        normalise_each=not of_all,
        rate_hz=float(arguments.get("sampling_rate") or architecture.rate_hz),
        first=int(arguments.get("pred_sample", architecture.first)) if name == "gpd" else architecture.first,
        blind=int(max(blind)),
        overlap=_samples(run_arguments.get("overlap", architecture.overlap), architecture.window),
        threshold=float(
            run_arguments.get("*_threshold", run_arguments.get("P_threshold", architecture.threshold))
        ),
        detection_threshold=float(run_arguments.get("detection_threshold", architecture.detection_threshold)),
    )


def _is_original_phasenet(tensors: _Tensors) -> bool:
    first = tensors.get("inc.weight")
    return (
        first is not None and sha256(first.contiguous().numpy().tobytes()).hexdigest() == _ORIGINAL_PHASENET
    )


def _samples(overlap: float, window: int) -> int:
    return int(overlap * window) if 0 < overlap < 1 else int(overlap)


def _read(path: Path) -> tuple[_Tensors, dict[str, Any]]:
    """Return the tensors of a file and what is said of them."""
    if not path.is_file():
        raise InputError(f"there are no weights at {path}")
    described: dict[str, Any] = {}
    beside = path.with_name(re.sub(r"\.(pt|safetensors)(\.v[\w.]+)?$", r".json\2", path.name))
    if beside != path and beside.is_file():
        described = _read_json(beside)
    if path.suffix == ".safetensors":
        tensors, text = _read_safetensors(path)
        return tensors, described or text
    try:
        # No other code than that of tensors is run.
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch documents no exceptions for damaged files
        raise InputError(f"{path} cannot be read as weights: {str(error).splitlines()[0]}") from None
    if not isinstance(tensors, Mapping) or not all(isinstance(each, Tensor) for each in tensors.values()):
        raise InputError(f"{path} holds no table of named tensors")
    return dict(tensors), described


def _read_safetensors(path: Path) -> tuple[_Tensors, dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} cannot be read as weights: {str(error).splitlines()[0]}") from None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {str(error).splitlines()[0]}") from None
    if not isinstance(read, dict):
        raise InputError(f"{path} holds no table of settings")
    return read
