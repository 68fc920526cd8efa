"""What `terrella interior explain` can be asked."""

from pydantic import Field, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which temperature is explained."""

    row: PositiveInt = Field(1, description="of the profile, from 1 on")
