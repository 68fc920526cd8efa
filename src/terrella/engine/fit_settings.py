"""The settings of a training that every task has, under the same names, and what may change while it goes on."""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

# Of a setting that runs of before did not have: at its default it is left out of fingerprints, so that they go on.
ADDED: dict[str, Any] = {"added": True}


def moves(as_if: Any = None) -> dict[str, Any]:
    """Mark a setting that may change between two calls of a training; fingerprints hold `as_if` in its place."""
    return {"as_if": as_if}


class Frozen(BaseModel):
    """Settings that do not change, and know all their names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Settings = TypeVar("Settings", bound=BaseModel)


def lasting(settings: Settings) -> Settings:
    """Return settings without what may change between calls of a training: what is marked, and all of `judge`."""
    changed: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value, extra = getattr(settings, name), field.json_schema_extra
        if isinstance(value, BaseModel):
            changed[name] = type(value)() if name == "judge" else lasting(value)
        elif isinstance(extra, dict) and "as_if" in extra:
            changed[name] = extra["as_if"]
    return settings.model_copy(update=changed)


class FitSettings(Frozen):
    """How a network is trained; a task says its own defaults, and what else it needs."""

    epochs: PositiveInt = Field(30, description="largest number of epochs")
    batch: PositiveInt = Field(64, description="samples in a batch")
    learning_rate: PositiveFloat = Field(1e-3, description="peak learning rate of AdamW")
    weight_decay: NonNegativeFloat = Field(0.0, description="weight decay of AdamW", json_schema_extra=ADDED)
    averaging: float = Field(
        0.0, ge=0, lt=1, description="decay of the running average of the weights; 0 for none",
        json_schema_extra=ADDED,
    )  # fmt: skip
    patience: PositiveInt | None = Field(
        None, description="epochs without a better loss on dev before stopping"
    )
    seed: int = Field(0, description="seed of weights, samples and order")
    accumulation: PositiveInt = Field(
        1, description="parts into which a batch is split, so that it fits", json_schema_extra=ADDED
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="of the network's layers", json_schema_extra=ADDED
    )
    device: str = Field("auto", description="auto, cpu or cuda", json_schema_extra=moves("auto"))
    sharded: bool = Field(
        False, description="among several processes: each holds its part of the weights, instead of all",
        json_schema_extra=moves(False),
    )  # fmt: skip

    @property
    def precisions(self) -> tuple[Literal["float32", "bfloat16"], ...]:
        """Those that a plan may choose, this one first."""
        return ("float32", "bfloat16") if self.precision == "float32" else ("bfloat16",)
