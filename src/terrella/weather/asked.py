"""What `terrella weather explain` can be asked."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which number of a forecast is explained."""

    variable: str | None = Field(
        None, description="such as temperature; by default the first of the network's"
    )
    level: int | None = Field(None, description="in hPa; by default the variable's lowest in the air")
    of: Literal["change", "value"] = Field("change", description="the change until then, or the value then")
    latitude: float = Field(50.0, ge=-90, le=90, description="of the place, in degrees")
    longitude: float = Field(0.0, ge=-360, le=360, description="of the place, in degrees")
    lead_hours: PositiveInt | None = Field(None, description="how far ahead; by default one step")
    start: str | None = Field(None, description="of the forecast, in UTC; by default the last state there is")
    part_deg: PositiveFloat = Field(
        30.0, le=180, description="width of the blocks of places that are one part"
    )
