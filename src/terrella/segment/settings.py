"""Settings of a segmentation: data, network, training and judging, nested by step."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import ADDED, Frozen, moves

Share = Annotated[float, Field(ge=0, le=1)]


class DataSettings(Frozen):
    """Which labelled sections, and how they are split."""

    sections: str = Field(
        "synthetic",
        description="synthetic, or a CSV table of yours with columns section, labels, group and perhaps split",
        json_schema_extra=moves(""),
    )
    split: Literal["group", "random"] = Field(
        "group", description="split by whole groups (events, surveys), or at random where there are no groups"
    )
    shares: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        (0.6, 0.2, 0.2), description="shares of train, dev and test, where the table names no split"
    )
    seed: int = Field(0, description="seed of synthetic sections and of the split")
    surveys: PositiveInt = Field(24, description="synthetic: number of surveys, each a model of the ground")
    per_survey: PositiveInt = Field(8, description="synthetic: sections of each survey")
    shape: tuple[PositiveInt, PositiveInt] = Field((64, 512), description="synthetic: traces and samples")
    noise: str | None = Field(
        None,
        description="synthetic: folder of DAS records (HDF5) whose cuts are the noise of every second section",
    )
    hold_mb: PositiveFloat = Field(
        2048.0,
        description="sections are held in memory up to this size together, else read as they are asked for",
        json_schema_extra=moves(1.0),
    )
    onsets: bool = Field(
        True, description="whether a label begins at an onset: events and onset times are judged then too"
    )
    interval_s: PositiveFloat | None = Field(
        None, description="time between samples of all files, where they do not say or are wrong"
    )
    spacing_m: PositiveFloat | None = Field(
        None, description="distance between traces, where files do not say"
    )
    inline_byte: PositiveInt | None = Field(
        None,
        description="SEG-Y: first byte of inline numbers, where numbers are not in 189, 193 or 9, 21",
        json_schema_extra=ADDED,
    )
    crossline_byte: PositiveInt | None = Field(
        None, description="SEG-Y: first byte of crossline numbers", json_schema_extra=ADDED
    )


class PatchSettings(Frozen):
    """What a network sees at once while it learns."""

    shape: tuple[PositiveInt, ...] | None = Field(
        None,
        description="traces and samples (or inlines, crosslines, samples); by default whole small sections",
    )
    per_section: PositiveInt = Field(1, description="patches of each section in an epoch, at random places")
    labelled: Share = Field(
        0.5, description="share of the patches that are laid over a label, since labels are rare"
    )
    flip: Share = Field(0.5, description="share whose traces are put in reverse order")
    polarity: Share = Field(0.5, description="share whose sign is changed")
    amplitude: Annotated[float, Field(ge=1)] = Field(
        2.0, description="largest factor by which a patch is amplified or damped at random; 1 for none"
    )
    noise: NonNegativeFloat = Field(
        0.0, description="largest standard deviation of added white noise, in units of the normalised samples"
    )


class NetworkSettings(Frozen):
    """The U-Net."""

    widths: tuple[PositiveInt, ...] = Field(
        (8, 16, 32, 64), description="channels of each level, from the finest to the coarsest"
    )
    normalisation: Literal["none", "batch"] = Field(
        "none", description="between the network's layers; only such as lets it predict piece by piece"
    )
    scale: Literal["trace", "section", "none"] = Field(
        "trace",
        description="what samples are divided by: the noise level of their trace, of the section, or 1",
    )


class LossSettings(Frozen):
    """What is made small; unlabelled samples (255) never count."""

    name: Literal["bce", "weighted", "focal", "dice"] = Field(
        "bce", description="cross-entropy, with weighted arrivals, focal (Lin 2017), or Dice (Milletari 2016)"
    )
    positive_weight: PositiveFloat = Field(5.0, description="weighted: how much a labelled sample counts")
    focal_gamma: NonNegativeFloat = Field(2.0, description="focal: how much easy samples are played down")
    focal_alpha: Share = Field(0.25, description="focal: weight of labelled samples; others have 1 minus it")


class FitSettings(engine.FitSettings):
    """How the network is trained."""

    batch: PositiveInt = Field(8, description="patches in a batch")
    learning_rate: PositiveFloat = Field(2e-3, description="peak learning rate of AdamW")
    seed: int = Field(0, description="seed of weights, patches and order")
    # Without the mark of what was added: runs have always had them.
    accumulation: PositiveInt = Field(1, description="parts into which a batch is split, so that it fits")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="of the network's layers")
    strips: NonNegativeInt = Field(
        0,
        description="traces of the strips in which large patches pass the outer levels; 0 for whole patches",
    )


class JudgeSettings(Frozen):
    """What counts as a detection, and how scores are resampled."""

    false_alarms: PositiveFloat = Field(
        0.1, description="false alarms allowed on the dev split when the threshold of detections is chosen"
    )
    per: Literal["section", "hour"] = Field(
        "section", description="unit of false_alarms: a section without an event, or an hour of all sections"
    )
    tolerance: PositiveInt = Field(
        10, description="largest distance of a detected onset from the true one, in samples"
    )
    traces: PositiveInt = Field(5, description="neighbouring traces that a detection must cover")
    resamples: PositiveInt = Field(500, description="resamples of groups for 95 % intervals")


class SegmentSettings(Frozen):
    """All settings of `terrella segment train`."""

    data: DataSettings = DataSettings()
    patch: PatchSettings = PatchSettings()
    network: NetworkSettings = NetworkSettings()
    loss: LossSettings = LossSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
