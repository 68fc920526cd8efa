"""What `terrella motion explain` can be asked."""

from pydantic import Field, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which prediction is explained."""

    row: PositiveInt = Field(1, description="scenario of the table, from 1 on")
    measure: str = Field("PGA", description="measure of the motion, one of the bundle's")
