"""What a network's forward pass needs per sample, found on shapes alone."""

import copy
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_WINDOWS = {2: 16, 3: 4}  # multiples of the stride along each axis of what is tried
_MARGIN = 1.15


def forward_bytes(network: nn.Module, dims: int, multiple: int) -> float:
    """Return the peak bytes per input sample of a forward pass without gradients, with the operators' scratch.

    The pass runs on tensors that have a shape and no values. Scratch is taken as a copy of what a convolution reads
    and writes, since libraries bring their tensors into an order of their own.
    """
    shapes_only = copy.deepcopy(network).to("meta").eval()
    size = [multiple * _WINDOWS[dims]] * dims
    with torch.no_grad(), _Tally() as tally:
        given = torch.zeros(1, 1, *size, device="meta")
        shapes_only(given)
    samples = int(torch.Size(size).numel())
    # Beside the network's own: the samples as read and as normalised, in two copies at the most.
    return tally.peak / samples * _MARGIN + 4 * 4


class _Tally(TorchDispatchMode):
    """The bytes of all tensors alive, and their peak, with the scratch of each operator."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = 0
        self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(
        self,
        function: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        out = function(*args, **(kwargs or {}))
        made = [each for each in tree_leaves(out) if isinstance(each, torch.Tensor)]
        for tensor in made:
            self._note(tensor.untyped_storage())
        read = [each for each in tree_leaves(args) if isinstance(each, torch.Tensor)]
        scratch = sum(each.nbytes for each in (*made, *read)) if "convolution" in str(function) else 0
        self.peak = max(self.peak, self.alive + scratch)
        return out

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.known:
            return
        n_bytes = storage.nbytes()
        self.known.add(key)
        self.alive += n_bytes
        weakref.finalize(storage, self._forget, key, n_bytes)

    def _forget(self, key: int, n_bytes: int) -> None:
        self.known.discard(key)
        self.alive -= n_bytes
