"""Settings of the forecast task, nested by step; the defaults suit a regional catalogue."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import Frozen, moves

Kind = Literal["perceptron", "unet"]


class DataSettings(Frozen):
    """Which events, cells and times."""

    catalogue: str | None = Field(None, description="catalogue file", json_schema_extra=moves())
    columns: dict[str, str] = Field({}, description="names of the columns in a CSV file, e.g. time = 'Date'")
    min_magnitude: float | None = Field(
        None, description="smallest magnitude; by default the completeness that is found"
    )
    magnitude_bin: float = Field(
        0.1, ge=0, description="unused, but in older settings: the width is found in the catalogue"
    )
    bounds: tuple[float, float, float, float] | None = Field(
        None, description="west, east, south, north in degrees; by default the extent of the events"
    )
    polygon: tuple[tuple[float, float], ...] | None = Field(
        None, description="corners (longitude, latitude) of the region, instead of bounds"
    )
    cell_deg: PositiveFloat = Field(0.25, description="width of a cell in degrees")
    depth_edges_km: tuple[float, ...] = Field((0.0, 1000.0), description="edges of the depth layers in km")
    auxiliary_start: str | None = Field(None, description="events from here on act as sources")
    train_start: str | None = Field(None, description="start of the training window")
    validation_start: str | None = Field(None, description="start of the validation window")
    test_start: str | None = Field(None, description="start of the test window")
    test_end: str | None = Field(None, description="end of the test window")


class EtasSettings(Frozen):
    """The ETAS model on which the network stands."""

    background: Literal["uniform", "smoothed"] = Field("smoothed", description="kind of background")
    events: PositiveInt = Field(
        60_000, description="most events that ETAS is fitted to: the latest of the training window"
    )
    folds: PositiveInt = Field(
        8, description="time folds of the training window whose background leaves out their own events"
    )


class NetworkSettings(Frozen):
    """The network and what it sees."""

    kind: Kind = Field(
        "perceptron", description="cell by cell, or a U-Net over depth, latitude and longitude above that",
        json_schema_extra=engine.ADDED,
    )  # fmt: skip
    widths: tuple[PositiveInt, ...] = Field(
        (24, 48), description="channels of the levels of the U-Net", json_schema_extra=engine.ADDED
    )
    hidden: tuple[PositiveInt, ...] = Field((128, 128), description="widths of the hidden layers")
    memory_days: tuple[PositiveFloat, ...] = Field(
        (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 150.0, 1500.0),
        description="time constants of the memories of the past",
    )
    band_steps: tuple[float, ...] = Field(
        (0.0, 1.0, 2.0), description="magnitude bands, as steps above the smallest magnitude"
    )
    kernels_km: tuple[PositiveFloat, ...] = Field(
        (10.0, 25.0, 60.0, 150.0), description="widths of the kernels under which surroundings are summed",
        json_schema_extra=engine.ADDED,
    )  # fmt: skip
    residual_limit: PositiveFloat = Field(2.0, description="largest change of the log rate")


class FitSettings(engine.FitSettings):
    """How the network is trained."""

    epochs: PositiveInt = Field(8, description="largest number of epochs")
    samples: PositiveInt = Field(
        600_000, description="about how many cells and issue times are drawn; by a U-Net in crops"
    )
    batch: PositiveInt = Field(4096, description="samples in a batch")
    learning_rate: PositiveFloat = Field(2e-3, description="peak learning rate of AdamW")
    weight_decay: NonNegativeFloat = Field(0.02, description="weight decay of AdamW")
    averaging: float = Field(0.995, ge=0, lt=1, description="decay of the running average of the weights")
    patience: PositiveInt | None = Field(3, description="epochs without a better loss on dev before stopping")
    step_days: PositiveFloat = Field(1.0, description="spacing of the issue times in training")


class JudgeSettings(Frozen):
    """How forecasts are scored."""

    block_days: PositiveFloat = Field(30.0, description="length of the bootstrap's blocks")
    resamples: PositiveInt = Field(1000, description="bootstrap resamples")


class ForecastSettings(Frozen):
    """All settings of `terrella forecast`."""

    horizons_days: tuple[PositiveFloat, ...] = Field((1.0, 7.0, 30.0), description="how far ahead, in days")
    start_from: str | None = Field(
        None,
        description="bundle whose network the training starts from, such as general",
        json_schema_extra=engine.ADDED,
    )
    data: DataSettings = DataSettings()
    etas: EtasSettings = EtasSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
