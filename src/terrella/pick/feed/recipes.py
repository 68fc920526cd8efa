"""How each network is trained: where its windows lie, what its labels are, and how its loss is weighted.

The facts are those of the comparison by Münchmeyer et al. (2022) and its published code; one differs: around
picks, BasicPhaseAE's windows were drawn from the 7 s before the pick, so that the pick was never inside. Here
they are drawn from 7 s before to 7 s after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from terrella.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """The training of one network, in samples at its own rate."""

    labels: Literal["curves", "step", "class"]
    before: int  # a window around a pick lies within [pick - before, pick - before + around)
    around: int
    around_share: float = 2 / 3  # of the windows that lie around a pick; the others lie anywhere
    phase: Literal["P", "S"] | None = None  # only this phase is learned, from the traces that have it
    sigma: float = 20.0  # of the Gaussian curves around picks
    margin: int = 0  # picks this close to the window's ends do not name its class
    weights: Mapping[str, float] = field(default_factory=dict)  # of outputs in the loss; by default all alike
    augmented: bool = False  # whether the study augmented its windows


# Of the outputs' losses in Mousavi et al. (2020).
_MOUSAVI = {"detection": 0.05, "P": 0.40, "S": 0.55}

RECIPES = {
    "basicphaseae": Recipe("curves", before=700, around=1400),
    "cred": Recipe("curves", before=3000, around=6000),
    "dpp-detector": Recipe("class", before=650, around=1300),
    "dpp-p": Recipe("step", before=1000, around=2000, around_share=1.0, phase="P"),
    "dpp-s": Recipe("step", before=1000, around=2000, around_share=1.0, phase="S"),
    "eqtransformer": Recipe("curves", before=6000, around=12000, weights=_MOUSAVI, augmented=True),
    "gpd": Recipe("class", before=400, around=800, margin=100),
    "phasenet": Recipe("curves", before=3000, around=6000),
}


def recipe(name: str) -> Recipe:
    """Return the recipe of a network by its name.

    Raises:
        InputError: where there is none.
    """
    if name not in RECIPES:
        raise InputError(f"there is no recipe to train {name!r}; there are recipes of {', '.join(RECIPES)}")
    return RECIPES[name]
