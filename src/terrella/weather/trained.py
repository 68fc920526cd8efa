"""What the published trainings took, for what is planned to stand beside."""

from dataclasses import dataclass

_DAY = 86400.0


@dataclass(frozen=True)
class Took:
    """Seconds that a stage of a published training took for each step of its roll-out, and all of it in days."""

    step_s: tuple[float, float] | None  # lowest and highest that are reported
    days: float | None
    source: str


_PAPER = "Lam et al. 2023, supplement 4.4: about four weeks on 32 TPU v4 devices of 32 GB"
_REPLY = "the original's maintainers, in its repository's issues"
_SINGLE = Took((4.0, 4.9), 14.0, f"{_PAPER}; {_REPLY}")
_ROLLED = Took((12.0, 16.0), 14.0, f"{_PAPER}; phase 3 about 11 days: {_REPLY}")
_TUNED = Took(None, 1.0, _REPLY)
_SMALL = Took(None, 1.5, f"a day and a half, all stages together: {_REPLY}")

# By variant, then by kind of stage; what is reported of all stages together is under `all`.
TOOK: dict[str, dict[str, Took]] = {
    "0.25-37": {"single": _SINGLE, "rolled": _ROLLED},
    "0.25-13-operational": {"single": _SINGLE, "tuned": _TUNED, "rolled": _ROLLED},
    "1.0-13-small": {"all": _SMALL},
}


def took(variant: str, stage: str, rollout: int) -> Took | None:
    """Return what a stage took, None where nothing is reported of it alone."""
    return TOOK[variant].get("rolled" if rollout > 1 else stage)


def reported_seconds(found: Took | None, rollout: int) -> tuple[float, float] | None:
    """Return the lowest and highest seconds of a step that are reported."""
    if found is None or found.step_s is None:
        return None
    low, high = found.step_s
    return low * rollout, high * rollout
