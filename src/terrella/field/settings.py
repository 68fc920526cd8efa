"""Settings of forecasts of the main field: data, network, training and judging, nested by step."""

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import Frozen, moves


class DataSettings(Frozen):
    """Which annual means, and how they are split."""

    observatories: str = Field(
        "simulated",
        description="simulated, or annual means: CSV (gzipped or not), IAGA-2002, annual-mean files, or a "
        "folder of them",
        json_schema_extra=moves(""),
    )
    horizon_years: PositiveInt = Field(5, le=20, description="years ahead of a forecast")
    degree: PositiveInt = Field(
        10, ge=3, le=14, description="highest degree of the filtered secular variation"
    )
    noise_nt: PositiveFloat = Field(
        4.0, description="error of an annual difference that is no core field, nT"
    )
    virtual: NonNegativeInt = Field(60, description="virtual observatories to learn at besides; 0 for none")
    regions: PositiveInt = Field(5, ge=2, description="regions that are left out in turn")
    blocks: PositiveInt = Field(
        3, description="blocks of issue years, each judged by what was known at its begin"
    )
    note: str = Field("", description="what the report shall say of the data", json_schema_extra=moves(""))
    seed: int = Field(0, description="seed of simulated observatories")
    sites: PositiveInt = Field(110, ge=10, description="simulated: number of observatories")
    years: PositiveInt = Field(27, description="simulated: number of annual means")


class NetworkSettings(Frozen):
    """The learned acceleration of the secular variation."""

    hidden: PositiveInt = Field(12, description="units of the perceptron's hidden layer")
    stiffness: PositiveFloat = Field(1.0, description="how strongly the perceptron is shrunk towards zero")


class FitSettings(engine.FitSettings):
    """How the network is trained."""

    epochs: PositiveInt = Field(40, description="number of epochs; no held-out pair ends a training early")
    batch: PositiveInt = Field(256, description="pairs in a batch")
    learning_rate: PositiveFloat = Field(1e-2, description="peak learning rate of AdamW")
    averaging: float = Field(
        0.98, ge=0, lt=1, description="decay of the running average of the weights; 0 for none"
    )


class JudgeSettings(Frozen):
    """How scores are resampled, and what else is shown."""

    resamples: PositiveInt = Field(500, description="resamples of whole areas for 95 % intervals")
    areas: PositiveInt = Field(40, ge=2, description="small areas whose observatories are resampled together")
    generations: str | None = Field(
        None,
        description="folder with successive generations of the IGRF, to forecast them as published at their time",
    )


class FieldSettings(Frozen):
    """All settings of `terrella field train`."""

    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
