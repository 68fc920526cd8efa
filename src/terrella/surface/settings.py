"""Settings of refined and filled surfaces: data, network, training and judging, nested by step."""

from pydantic import Field, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import Frozen, moves


class DataSettings(Frozen):
    """Which grid, what is asked of it, and which blocks are held out."""

    grid: str = Field(
        "jacksboro",
        description="jacksboro, the elevation model that matplotlib brings, or a grid: GeoTIFF, NetCDF, .npy, "
        ".npz, or points x, y, z",
        json_schema_extra=moves(""),
    )
    layer: str | None = Field(None, description="band, variable or column, where the file has several")
    spacing: PositiveFloat | None = Field(
        None, description="of points: size of the cells they are averaged in"
    )
    factor: PositiveInt = Field(4, ge=2, le=16, description="how many times finer a refined grid is")
    gap_pixels: PositiveInt = Field(
        16, ge=4, le=64, description="width of the gaps that are learned and judged"
    )
    block_pixels: PositiveInt = Field(48, ge=16, description="width of the blocks that are held out whole")
    shares: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        (0.6, 0.12, 0.28), description="shares of blocks to train on, to choose by, and to judge with"
    )
    seed: int = Field(0, description="seed of the choice of blocks")


class NetworkSettings(Frozen):
    """Two U-Nets: the mean of what a smooth surface lacks, and samples about it by diffusion."""

    widths: tuple[PositiveInt, ...] = Field((16, 32, 64), description="channels of each level, finest first")
    steps: PositiveInt = Field(5, ge=2, description="steps of a sample's diffusion")


class FitSettings(engine.FitSettings):
    """How both are trained."""

    epochs: PositiveInt = Field(20, description="largest number of epochs")
    batch: PositiveInt = Field(32, description="windows in a batch")
    windows: PositiveInt = Field(512, description="windows drawn anew in each epoch")
    learning_rate: PositiveFloat = Field(2e-3, description="peak learning rate of AdamW")
    averaging: float = Field(
        0.98, ge=0, lt=1, description="decay of the running average of the weights; 0 for none"
    )


class JudgeSettings(Frozen):
    """How many samples are drawn, and how scores are resampled."""

    members: PositiveInt = Field(8, ge=2, description="samples of each held-out surface")
    resamples: PositiveInt = Field(500, description="resamples of blocks for 95 % intervals")


class SurfaceSettings(Frozen):
    """All settings of `terrella surface train`."""

    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
