"""Settings of a weather model: data, network, stages of training and judging, nested by step."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen, moves
from terrella.weather.learning.settings import NetworkSettings, StageSettings

Share = Annotated[float, Field(gt=0, le=1)]


class DataSettings(Frozen):
    """Which states, what of them, and how they are split in time."""

    store: str = Field(
        "planet",
        description="store that `terrella weather data` wrote; planet for a simulated one",
        json_schema_extra=moves(""),
    )
    variables: tuple[str, ...] = Field((), description="variables of the store; all of them by default")
    levels: tuple[int, ...] = Field((), description="pressure levels in hPa; all of the store by default")
    forcings: tuple[Literal["sun", "hour", "season"], ...] = Field(
        ("sun", "hour", "season"),
        description="what is known of the future: radiation at the top of the atmosphere, hour, season; a "
        "simulated planet has none",
    )
    statistics: str | None = Field(
        None,
        description="folder of published statistics of ERA5 (U-Cast's or Otter's), in place of the store's",
    )
    shares: tuple[Share, Share, Share] = Field(
        (0.75, 0.125, 0.125), description="shares of train, dev and test, in order of time"
    )
    dev_from: str | None = Field(None, description="date on which dev begins, in place of its share")
    test_from: str | None = Field(None, description="date on which test begins, in place of its share")
    members: PositiveInt = Field(8, le=8, description="planet: histories, each from a state of its own")
    days: PositiveInt = Field(50, ge=10, description="planet: days of each history")


class FitSettings(Frozen):
    """How the network is trained."""

    stages: tuple[StageSettings, ...] = Field(
        (
            StageSettings(name="single", steps=1000, warmup=50),
            StageSettings(name="rollout", steps=200, rollout=4, learning_rate=1e-4),
        ),
        min_length=1,
        description="stages, one after the other; in a file of settings, each as [[fit.stages]]",
    )
    optimiser: Literal["adamw", "muon"] = Field(
        "adamw", description="AdamW, or Muon for the matrices within the network and AdamW for the rest"
    )
    averaging: float = Field(
        0.0, ge=0, lt=1, description="decay of the running average of the weights; 0 for none"
    )
    seed: int = Field(0, description="seed of weights and order")
    accumulation: PositiveInt = Field(1, description="parts into which a batch is split, so that it fits")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="of the network's layers")
    device: str = Field("auto", description="auto, cpu or cuda", json_schema_extra=moves("auto"))
    sharded: bool = Field(
        False,
        description="among several processes: each holds its part of the weights, instead of all",
        json_schema_extra=moves(False),
    )


class JudgeSettings(Frozen):
    """Which forecasts are scored, and how scores are resampled."""

    leads_hours: tuple[PositiveInt, ...] = Field(
        (24, 48, 72, 120, 168, 240), description="how far ahead, in hours"
    )
    every_hours: PositiveInt = Field(24, description="time between the starts of forecasts")
    members: PositiveInt = Field(8, description="members of a forecast, where the network has noise")
    block_days: PositiveFloat = Field(5.0, description="starts of so many days are resampled together")
    resamples: PositiveInt = Field(500, description="resamples for 95 % intervals")


class WeatherSettings(Frozen):
    """All settings of `terrella weather train`."""

    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
