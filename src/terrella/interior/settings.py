"""Settings of temperatures of the interior: data, network, training and judging, nested by step."""

from pydantic import Field, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import Frozen, moves


class DataSettings(Frozen):
    """Which rocks, and how well they are seen."""

    tables: tuple[str, ...] = Field(
        ("simulated",), min_length=1, json_schema_extra=moves(()),
        description="simulated, or tables of mineral physics, one of each composition: Perple_X .tab, CSV, Parquet",
    )  # fmt: skip
    velocity_noise: PositiveFloat = Field(0.005, lt=0.2, description="relative standard error of vp and vs")
    density_noise: PositiveFloat = Field(0.01, lt=0.2, description="relative standard error of density")
    draws: PositiveInt = Field(60000, ge=100, description="rocks drawn from the table to train on")
    repeats: PositiveInt = Field(40, description="draws of the noise for each cell held out")
    seed: int = Field(0, description="seed of rocks and noise")
    iron: tuple[float, ...] = Field(
        (0.05, 0.1, 0.15), min_length=1,
        description="simulated: shares of Fe in Mg + Fe, one composition each",
    )  # fmt: skip


class NetworkSettings(Frozen):
    """The network that gives the probability of each temperature and composition."""

    hidden: PositiveInt = Field(64, description="units of each of its three hidden layers")
    bins: PositiveInt = Field(
        60, ge=10, description="steps of temperature from the table's first to its last"
    )


class FitSettings(engine.FitSettings):
    """How the network is trained."""

    epochs: PositiveInt = Field(30, description="largest number of epochs")
    batch: PositiveInt = Field(512, description="rocks in a batch")
    learning_rate: PositiveFloat = Field(3e-3, description="peak learning rate of AdamW")
    averaging: float = Field(
        0.99, ge=0, lt=1, description="decay of the running average of the weights; 0 for none"
    )


class JudgeSettings(Frozen):
    """How scores are resampled."""

    resamples: PositiveInt = Field(500, description="resamples of whole pressures for 95 % intervals")


class InteriorSettings(Frozen):
    """All settings of `terrella interior train`."""

    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
