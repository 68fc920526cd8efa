"""Settings of the network and of the stages that it learns in."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen


class NetworkSettings(Frozen):
    """The mesh network."""

    mesh: NonNegativeInt = Field(3, description="refinements of the icosahedron: 10 · 4^mesh + 2 nodes")
    latent: PositiveInt = Field(64, description="width of all layers")
    steps: PositiveInt = Field(6, description="rounds of messages on the mesh")
    noise: NonNegativeInt = Field(
        0,
        description="numbers of noise that condition the layer norms, for a probabilistic stage; 0 for none",
    )


class StageSettings(Frozen):
    """One stage of a training."""

    name: str
    steps: PositiveInt = Field(1000, description="steps of the optimiser")
    rollout: PositiveInt = Field(1, description="steps of the network that follow each other")
    batch: PositiveInt = Field(8, description="samples in a batch")
    learning_rate: PositiveFloat = Field(1e-3, description="peak learning rate")
    warmup: NonNegativeInt = Field(0, description="steps in which the rate grows to its peak")
    schedule: Literal["cosine", "constant"] = "cosine"
    loss: Literal["mse", "crps"] = Field(
        "mse", description="squared error, or the fair CRPS of two members (probabilistic)"
    )
    clip: PositiveFloat = Field(32.0, description="largest norm of the gradient")
    weight_decay: NonNegativeFloat = Field(0.1, description="weight decay")
