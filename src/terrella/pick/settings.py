"""Settings of a picker's training, nested by step."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(_Frozen):
    """Which labelled waveforms."""

    sets: tuple[str, ...] = Field(
        (),
        description="data sets: folders of SeisBench's format or of stores, or synthetic:local and the like",
    )
    rate_hz: PositiveFloat = Field(100.0, description="sampling rate that traces are brought to")


class AugmentSettings(_Frozen):
    """Shares of the training windows that are changed; by default as published for the network."""

    rotate: float | None = Field(
        None, ge=0, le=1, description="windows shifted around their end, labels with them"
    )
    noise: float | None = Field(None, ge=0, le=1, description="windows with white noise added")
    gaps: float | None = Field(None, ge=0, le=1, description="windows with a gap")
    drop: float | None = Field(None, ge=0, le=1, description="windows that lose one or two components")
    superpose: float | None = Field(None, ge=0, le=1, description="windows with a second event added")
    amplitude: float | None = Field(None, ge=0, le=1, description="windows with components scaled at random")


class FitSettings(_Frozen):
    """How the network is trained."""

    epochs: PositiveInt = Field(100, description="largest number of epochs")
    batch: PositiveInt = Field(1024, description="windows in a batch")
    learning_rate: PositiveFloat = Field(1e-3, description="learning rate of Adam")
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="whether the learning rate stays or falls to zero over the epochs"
    )
    patience: PositiveInt = Field(10, description="epochs without a better validation loss before stopping")
    windows_per_trace: PositiveInt = Field(1, description="windows of each trace in an epoch")
    seed: int = Field(0, description="seed of weights, windows and order")
    device: str = Field("auto", description="auto, cpu or cuda")
    sharded: bool = Field(
        False, description="among several processes: each holds its part of the weights, instead of all"
    )


class PickSettings(_Frozen):
    """All settings of `terrella pick train`."""

    network: str = Field("phasenet", description="name of the network")
    start_from: str | None = Field(
        None,
        description="bundle, file of SeisBench weights, or seisbench:NETWORK/NAME, that the training starts from",
    )
    data: DataSettings = DataSettings()
    augment: AugmentSettings = AugmentSettings()
    fit: FitSettings = FitSettings()
