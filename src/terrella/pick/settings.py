"""Settings of a picker's training, nested by step."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import ADDED, Frozen, moves


class DataSettings(Frozen):
    """Which labelled waveforms."""

    sets: tuple[str, ...] = Field(
        (),
        description="data sets: folders of SeisBench's format or of stores, or synthetic:local and the like",
        json_schema_extra=moves(()),
    )
    rate_hz: PositiveFloat = Field(100.0, description="sampling rate that traces are brought to")


class AugmentSettings(Frozen):
    """Shares of the training windows that are changed; by default as published for the network."""

    rotate: float | None = Field(
        None, ge=0, le=1, description="windows shifted around their end, labels with them"
    )
    noise: float | None = Field(None, ge=0, le=1, description="windows with white noise added")
    gaps: float | None = Field(None, ge=0, le=1, description="windows with a gap")
    drop: float | None = Field(None, ge=0, le=1, description="windows that lose one or two components")
    superpose: float | None = Field(None, ge=0, le=1, description="windows with a second event added")
    amplitude: float | None = Field(None, ge=0, le=1, description="windows with components scaled at random")


class FitSettings(engine.FitSettings):
    """How the network is trained."""

    epochs: PositiveInt = Field(100, description="largest number of epochs")
    batch: PositiveInt = Field(1024, description="windows in a batch")
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="whether the learning rate stays or falls to zero over the epochs"
    )
    patience: PositiveInt = Field(10, description="epochs without a better loss on dev before stopping")
    windows_per_trace: PositiveInt = Field(1, description="windows of each trace in an epoch")


class JudgeSettings(Frozen):
    """How a picker is judged."""

    resamples: PositiveInt = Field(
        1000, description="resamples of source events for the 95 % intervals", json_schema_extra=ADDED
    )
    evaluations: NonNegativeInt = Field(
        50,
        description="proposals in the search for Baer and Kradolfer's parameters on dev; 0 keeps those of practice",
        json_schema_extra=ADDED,
    )
    seed: int = Field(0, description="seed of targets and resamples", json_schema_extra=ADDED)
    targets: str | None = Field(
        None,
        description="folder with task1.csv and task23.csv, such as the published ones; by default they are made",
        json_schema_extra=ADDED,
    )
    device: str = Field("auto", description="auto, cpu or cuda", json_schema_extra=ADDED)


class PickSettings(Frozen):
    """All settings of a picker's training and judging."""

    network: str = Field("phasenet", description="name of the network")
    start_from: str | None = Field(
        None,
        description="bundle, file of SeisBench weights, or seisbench:NETWORK/NAME, that the training starts from",
        json_schema_extra=moves(),
    )
    data: DataSettings = DataSettings()
    augment: AugmentSettings = AugmentSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = Field(JudgeSettings(), json_schema_extra=ADDED)
