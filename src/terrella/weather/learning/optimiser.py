"""How the mesh network's weights are changed."""

import torch
from torch import nn

from terrella.engine.fit.muon import MuonAdamW

_BETAS = (0.9, 0.95)  # Lam et al. (2023), supplement 4.3


def adamw(network: nn.Module) -> torch.optim.Optimizer:
    """Return AdamW."""
    return torch.optim.AdamW(network.parameters(), betas=_BETAS)


def muon(network: nn.Module) -> torch.optim.Optimizer:
    """Return Muon for the matrices of the rounds on the mesh and their neighbours, AdamW for the rest."""
    latent = _latent(network)
    matrices = [each for each in network.parameters() if each.shape == (latent, latent)]
    others = [each for each in network.parameters() if each.shape != (latent, latent)]
    return MuonAdamW(matrices, others, _BETAS)


def _latent(network: nn.Module) -> int:
    """Return the width that most matrices have on both sides."""
    sides = [
        each.shape[0] for each in network.parameters() if each.ndim == 2 and each.shape[0] == each.shape[1]
    ]
    return max(set(sides), key=sides.count)


OPTIMISERS = {"adamw": adamw, "muon": muon}
