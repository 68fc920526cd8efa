"""Activation checkpointing: a network forgets what its parts computed and computes it again for the gradient."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def checkpointed(network: nn.Module) -> nn.Module:
    """Return the network with activation checkpointing: its own, or that of its children (Chen et al. 2016).

    A network that has an attribute `checkpointed` knows where; of others, each child that has more than one module
    in it is computed again as a whole. Outputs and gradients stay the same; running statistics of batch norms move
    once per step, as ever. The network is changed in place.
    """
    if hasattr(network, "checkpointed"):
        levels = getattr(network, "levels", None)  # where it is chosen level by level
        chosen: Any = True if levels is None else (True,) * int(levels)
        network.checkpointed = chosen
        return network
    for child in _parts(network):
        child.forward = partial(_again, child, child.forward)
    return network


def can_checkpoint(network: nn.Module) -> bool:
    """Return whether there is a part to compute again."""
    return hasattr(network, "checkpointed") or any(True for _ in _parts(network))


def is_checkpointed(network: nn.Module) -> bool:
    """Return whether any part is computed again."""
    own = getattr(network, "checkpointed", False)
    return bool(any(own) if isinstance(own, tuple) else own) or any(
        "forward" in vars(each) for each in network.modules()
    )


def _parts(network: nn.Module) -> Iterator[nn.Module]:
    for child in network.children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from (each for each in child.children() if _worth_it(each))
        elif _worth_it(child):
            yield child


def _worth_it(child: nn.Module) -> bool:
    # A recurrent layer alone keeps one workspace, which would be there in the second pass too.
    return len(list(child.children())) > 1


def _again(child: nn.Module, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not child.training:
        return forward(*args, **kwargs)
    return checkpoint(
        forward, *args, use_reentrant=False, preserve_rng_state=_draws(child),
        context_fn=lambda: _contexts(child), **kwargs,
    )  # fmt: skip


def _draws(child: nn.Module) -> bool:
    """Return whether a part draws random numbers, which must be the same in both passes."""
    return any("Dropout" in type(each).__name__ and getattr(each, "p", 0) > 0 for each in child.modules())


def _contexts(child: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _statistics_kept(child)


@contextmanager
def _statistics_kept(child: nn.Module) -> Iterator[None]:
    """Keep running statistics from moving a second time."""
    norms = [each for each in child.modules() if isinstance(each, _BatchNorm) and each.track_running_stats]
    before = [(each.momentum, each.num_batches_tracked) for each in norms]
    for each in norms:
        each.momentum = 0.0
        if each.num_batches_tracked is not None:
            each.num_batches_tracked = each.num_batches_tracked.clone()
    try:
        yield
    finally:
        for each, (momentum, tracked) in zip(norms, before, strict=True):
            each.momentum, each.num_batches_tracked = momentum, tracked
