"""Settings of ground-motion models: data, network, training and judging, nested by step."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import ADDED, Frozen, moves

Kind = Literal["flatfile", "waveforms"]


class DataSettings(Frozen):
    """Which records, and how they are split."""

    kind: Kind = Field(
        "flatfile",
        description="flatfile: motions of events and sites; waveforms: magnitude and distance from one record",
        json_schema_extra=ADDED,
    )
    flatfile: str = Field(
        "synthetic",
        description="synthetic, or a flatfile: CSV (gzipped or not), Parquet, HDF5; of waveforms, a folder",
        json_schema_extra=moves(""),
    )
    columns: dict[str, str] = Field(
        {},
        description="columns by our names where theirs are not known, such as --data.columns.magnitude Mw_new",
    )
    unit: Literal["g", "%g", "cm/s2", "m/s2"] | None = Field(
        None, description="of accelerations, where no column's name says it and the numbers do not tell"
    )
    measures: tuple[str, ...] = Field(
        ("PGA", "PGV", "SA(0.2)", "SA(1)"),
        description="PGA, PGV and SA(T), T in s; what a file lacks is left out",
    )
    without: tuple[str, ...] = Field((), description="stations to leave out, such as one in another unit")
    split: Literal["events and stations", "random"] = Field(
        "events and stations", description="what folds leave out; a random split is refused"
    )
    event_folds: PositiveInt = Field(5, ge=2, description="folds of whole events")
    station_folds: PositiveInt = Field(5, ge=2, description="folds of whole stations")
    seed: int = Field(0, description="seed of the folds, and of synthetic records")
    events: PositiveInt = Field(240, description="synthetic: number of events")
    stations: PositiveInt = Field(120, description="synthetic: number of stations")
    seconds: PositiveFloat = Field(
        30.0, ge=4, le=600, description="waveforms: length of the window from P on", json_schema_extra=ADDED
    )
    rate_hz: PositiveFloat = Field(
        20.0,
        ge=10,
        description="waveforms: sampling rate that windows are brought to",
        json_schema_extra=ADDED,
    )


class NetworkSettings(Frozen):
    """The learned residual of BSSA14."""

    hidden: PositiveInt = Field(16, description="units of each of its two hidden layers")
    drift_years: NonNegativeFloat = Field(
        6.0, description="width of the bells of a drift with the years; 0 for none"
    )
    stiffness: PositiveFloat = Field(1.0, description="how strongly all of it is shrunk towards zero")
    channels: PositiveInt = Field(
        12, description="waveforms: channels of the first layer", json_schema_extra=ADDED
    )


class FitSettings(engine.FitSettings):
    """How the network is trained."""

    epochs: PositiveInt = Field(40, description="number of epochs; no held-out record ends a training early")
    batch: PositiveInt = Field(256, description="records in a batch")
    learning_rate: PositiveFloat = Field(5e-3, description="peak learning rate of AdamW")
    averaging: float = Field(
        0.98, ge=0, lt=1, description="decay of the running average of the weights; 0 for none"
    )


class JudgeSettings(Frozen):
    """How scores are resampled, and what stands beside the network."""

    resamples: PositiveInt = Field(500, description="resamples of whole events for 95 % intervals")
    boosting: bool = Field(True, description="whether gradient boosting is fitted too (extra motion)")
    pygmm: bool = Field(
        True, description="whether further published models are taken from pygmm (extra motion)"
    )


class MotionSettings(Frozen):
    """All settings of `terrella motion train`."""

    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
