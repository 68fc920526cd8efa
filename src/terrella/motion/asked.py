"""What `terrella motion explain` can be asked."""

from pydantic import Field, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which prediction is explained."""

    row: PositiveInt = Field(
        1, description="scenario of the table, or row of a data set's metadata, from 1 on"
    )
    measure: str | None = Field(
        None,
        description="measure of the motion; of waveforms magnitude or distance; by default the bundle's first",
    )
