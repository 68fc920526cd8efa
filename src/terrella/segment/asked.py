"""What `terrella segment explain` can be asked."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which sample's answer is explained."""

    at: tuple[NonNegativeInt, ...] | None = Field(
        None,
        description="trace and sample, of a volume inline, crossline and sample, from 0 on; by default the "
        "most probable sample of a section",
    )
    interval: PositiveFloat | None = Field(
        None, description="between samples, where the file does not say or says it wrongly"
    )
    unit: Literal["s", "m"] | None = Field(None, description="of the interval")
    part: tuple[PositiveInt, PositiveInt] = Field((8, 16), description="traces and samples that are one part")
