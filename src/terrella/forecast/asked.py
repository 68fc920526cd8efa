"""What `terrella forecast explain` can be asked."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which cell's forecast is explained."""

    longitude: float | None = Field(
        None, description="of a place in the cell, in degrees; by default the cell where most is expected"
    )
    latitude: float | None = Field(None, description="of the place, in degrees")
    depth_km: float | None = Field(None, description="of the place, where the bundle has several layers")
    issue_time: str | None = Field(None, description="in UTC; by default just after the last event")
    horizon_days: PositiveFloat | None = Field(
        None, description="one of the bundle's; by default the shortest"
    )
    of: Literal["count", "gain"] = Field(
        "count", description="the expected count, or the logarithm of it over ETAS's"
    )
    min_magnitude: float | None = Field(None, description="that general is fitted to")
    events: PositiveInt = Field(60, description="events that are a part of their own; the others are one")
