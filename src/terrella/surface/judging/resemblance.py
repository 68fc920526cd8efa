"""Whether samples are like the ground, and whether they are copies of it."""

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import cKDTree

from terrella.surface.grids.grid import Floats
from terrella.surface.judging.scores import judged_squares
from terrella.surface.learning.blocks import Blocks
from terrella.surface.learning.held_out import Surfaces

_WIDE, _MOST, _DIRECTIONS = 8, 2000, 64  # pixels of a patch, patches, and directions they are projected on


def resemblance(found: Surfaces, blocks: Blocks, seed: int = 0) -> Mapping[str, tuple[float, float]]:
    """Return, by model, the sliced Wasserstein distance to the truth, and that to the nearest learned patch.

    Patches of 8 × 8 pixels less their means, in units of the truth's deviation; one sample of each model. The
    distance of the truth's own patches to the nearest learned one stands beside: what is much nearer was copied.
    """
    draw = np.random.default_rng(seed)
    truth = _patches(judged_squares(found.held.windows.truth, found.held.judged), draw)
    unit = truth.std()
    where = blocks.places[draw.integers(len(blocks.places), size=_MOST)]
    learned = np.stack([blocks.values[r : r + _WIDE, c : c + _WIDE] for r, c in where]).reshape(_MOST, -1)
    tree = cKDTree((learned - learned.mean(1, keepdims=True)) / unit)
    directions = draw.standard_normal((_WIDE**2, _DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    projected = np.sort(truth / unit @ directions, axis=0)
    every = dict(found.estimates) | {name: each[0] for name, each in found.samples.items()}
    said = {"truth": (0.0, float(np.median(tree.query(truth / unit)[0])))}
    for name, surface in every.items():
        own = _patches(judged_squares(surface, found.held.judged), np.random.default_rng(seed)) / unit
        apart = np.abs(np.sort(own @ directions, axis=0) - projected).mean()
        said[name] = float(apart), float(np.median(tree.query(own)[0]))
    return said


def _patches(fields: Floats, draw: np.random.Generator) -> Floats:
    every = sliding_window_view(fields, (_WIDE, _WIDE), axis=(1, 2))[:, ::2, ::2].reshape(-1, _WIDE**2)
    chosen = every[draw.permutation(len(every))[:_MOST]]
    return np.asarray(chosen - chosen.mean(1, keepdims=True))
