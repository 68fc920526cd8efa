"""The settings of a training that every task has, under the same names."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

# Of a setting that runs of before did not have: at its default it is left out of fingerprints, so that they go on.
ADDED: dict[str, Any] = {"added": True}


class FitSettings(BaseModel):
    """How a network is trained; a task says its own defaults, and what else it needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    device: str = Field("auto", description="auto, cpu or cuda")
    sharded: bool = Field(
        False, description="among several processes: each holds its part of the weights, instead of all"
    )
