"""Muon for hidden matrices and AdamW for all else, one optimiser to the training (Liu et al. 2025)."""

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.optim import AdamW, Muon


class MuonAdamW(torch.optim.Optimizer):
    """Muon on some matrices and AdamW on the other parameters, at one learning rate.

    Muon's steps are scaled to the size of AdamW's (Liu et al. 2025, section 2.2).
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter],
        betas: tuple[float, float] = (0.9, 0.95),
    ) -> None:
        self._parts = (Muon(list(matrices), adjust_lr_fn="match_rms_adamw"), AdamW(list(others), betas=betas))
        super().__init__([part.param_groups[0] for part in self._parts], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Change all parameters."""
        for part, group in zip(self._parts, self.param_groups, strict=True):
            part.param_groups, part.state = [group], self.state  # those of a checkpoint, after one was loaded
            part.step()
