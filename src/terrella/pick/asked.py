"""What `terrella pick explain` can be asked."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which pick is explained."""

    phase: Literal["P", "S", "detection"] = Field("P", description="which of the network's curves")
    time: str | None = Field(
        None, description="of the pick in UTC, as picks.csv has it; of a data set it is the labelled one"
    )
    station: str | None = Field(None, description="network.station of the record, where it holds several")
    trace: PositiveInt = Field(1, description="of a data set, from 1 on")
    part_s: PositiveFloat = Field(0.5, description="seconds of a component that are one part")
