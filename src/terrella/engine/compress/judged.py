"""Forms with what they cost and how they score, and which of them is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terrella.engine.compress.measure import Cost
from terrella.engine.task import NETWORK, Judging
from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError

FULL = "float32"


@dataclass(frozen=True, eq=False)
class Judged:
    """A form with what it costs and how it scores on the dev split."""

    name: str
    bundle: Bundle
    cost: Cost
    found: Judging

    @property
    def scores(self) -> Mapping[str, Any]:
        """The network's own scores by name."""
        return own_scores(self.found)


def own_scores(found: Judging) -> Mapping[str, Any]:
    """Return the scores of the network: of the model of its name, else of the first."""
    models: Mapping[str, Mapping[str, Any]] = found.scores["models"]
    return models.get(NETWORK, next(iter(models.values())))


def named(scores: Mapping[str, bool], full: Judged) -> dict[str, bool]:
    """Return scores by all their names: `rmse` stands for `rmse@fill` and its like too."""
    return {
        own: larger
        for name, larger in scores.items()
        for own in ([each for each in full.scores if each.startswith(f"{name}@")] or [name])
    }


def choose(judged: Sequence[Judged], scores: Mapping[str, bool], tolerance: float) -> Judged:
    """Return the fastest form that is faster than the first, the network itself, and scores as well to a tolerance.

    Raises:
        InputError: where there is none; it names the one that loses least.
    """
    full, *others = judged
    losses = {each.name: largest_loss(each, full, scores) for each in others}
    faster = [each for each in others if each.cost.cpu_ms < full.cost.cpu_ms]
    kept = [each for each in faster if losses[each.name][0] <= tolerance]
    if kept:
        return min(kept, key=lambda each: each.cost.cpu_ms)
    if not faster:
        raise InputError(f"no form is faster than the network itself ({full.cost.cpu_ms:.3g} ms a sample)")
    best = min(faster, key=lambda each: losses[each.name][0])
    worse, score = losses[best.name]
    raise InputError(
        f"no faster form keeps its scores within a tolerance of {tolerance:g}: {best.name} loses least, "
        f"{worse:.3g} of {score}; give a larger --tolerance, or more --epochs"
    )


def largest_loss(form: Judged, full: Judged, scores: Mapping[str, bool]) -> tuple[float, str]:
    """Return the largest share of a score by which a form is worse than the network, and the score's name.

    Raises:
        InputError: where the network has none of the scores.
    """
    shares = []
    for name, larger in scores.items():
        one, other = (each.scores.get(name, {}).get("value") for each in (form, full))
        if other is None:
            continue
        worse = float("inf") if one is None else (other - one if larger else one - other)
        shares.append((0.0 if worse == 0 else worse / abs(other) if other else float("inf"), name))
    if not shares:
        raise InputError(f"the dev split tells none of {', '.join(scores)}; judge on more data")
    return max(shares)
