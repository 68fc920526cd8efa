"""What `terrella surface explain` can be asked."""

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which pixel is explained."""

    at: tuple[NonNegativeInt, NonNegativeInt] | None = Field(
        None,
        description="row and column of the pixel, from 0 on, in what `predict` writes; by default the middle of "
        "the first gap, or of a refined grid",
    )
    factor: PositiveInt | None = Field(
        None, description="of a grid refined so many times; by default its gaps are filled"
    )
    layer: str | None = Field(None, description="band, variable or column, where the file has several")
    spacing: PositiveFloat | None = Field(
        None, description="of points: size of the cells they are averaged in"
    )
    part: PositiveInt | None = Field(
        None,
        description="pixels along each side of what is one part; by default 2 around a gap, 1 of a refined grid",
    )
