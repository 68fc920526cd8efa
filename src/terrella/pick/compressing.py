"""What compressing needs of picking: which networks have smaller forms, and what these must keep."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from torch import nn

from terrella.engine.feed import Batch
from terrella.engine.task import Compression
from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError
from terrella.pick.bundle import bundle_architecture, bundle_picker
from terrella.pick.networks.eqtransformer import EQTransformer
from terrella.pick.networks.narrowing import narrowed
from terrella.pick.networks.phasenet import PhaseNet

_NARROW = 2  # by which the number of filters is divided


def network_of(bundle: Bundle) -> nn.Module:
    """Return a bundle's network.

    Raises:
        InputError: where none of its forms could be used on continuous records.
    """
    network, trained = bundle_picker(bundle)
    if bundle.form == "" and not isinstance(network, PhaseNet | EQTransformer):
        raise InputError(f"{trained.title} has no smaller forms here; PhaseNet and EQTransformer have")
    return network


def onnx_of(network: nn.Module, bundle: Bundle, plain: bool = False) -> bytes:
    """Return the ONNX model of a network, by default as ONNX Runtime computes it fastest."""
    if isinstance(network, PhaseNet):
        from terrella.pick.continuous.phasenet_blocks import blocked_phasenet_model
        from terrella.pick.continuous.phasenet_graph import phasenet_model

        make = blocked_phasenet_model if plain else phasenet_model
        return make(network, bundle_architecture(bundle).window)
    from terrella.pick.continuous.eqtransformer_graph import eqtransformer_model

    assert isinstance(network, EQTransformer)
    return eqtransformer_model(network, plain)


def narrower(network: nn.Module, bundle: Bundle) -> tuple[nn.Module, Bundle]:
    """Return a network with half the filters, and the bundle that says so.

    Raises:
        InputError: where the network is no PhaseNet.
    """
    if not isinstance(network, PhaseNet):
        raise InputError("EQTransformer has no narrower variant")
    said = dict(bundle.values)
    narrow = _NARROW * int(said["architecture"]["make"].get("narrow", 1))
    said["architecture"] = {**said["architecture"], "make": {"narrow": narrow}}
    return narrowed(network, narrow), replace(bundle, values=said)


def described(bundle: Bundle) -> Mapping[str, Any]:
    """Return what a network takes and gives, whole: what picks without torch has no other place to know it from."""
    whole = asdict(bundle_architecture(bundle))
    return {"takes": {name: value for name, value in whole.items() if name != "make"}}


def imitated(full: nn.Module, batch: Batch, bundle: Bundle) -> Batch:
    """Return a batch with probabilities of the full network as labels."""
    return {**batch, "y": bundle_architecture(bundle).probabilities(full(batch["x"]))}


compression = Compression(
    network=network_of,
    scores={"detection_auc": True, "phase_mcc": True, "p_rmse_s": False, "s_rmse_s": False},
    onnx=onnx_of,
    plain_onnx=partial(onnx_of, plain=True),
    described=described,
    narrowed=narrower,
    imitated=imitated,
    judge={"evaluations": 0},
)
