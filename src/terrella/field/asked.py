"""What `terrella field explain` can be asked."""

from typing import Literal

from pydantic import Field

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which forecast is explained."""

    observatory: str | None = Field(
        None, description="code, as `predict` writes it; by default the first that has a forecast"
    )
    component: Literal["X", "Y", "Z"] = Field("X", description="north, east or down")
    year: float | None = Field(None, description="of the last annual means; by default the file's last")
    beside: str | None = Field(
        None, description="further annual means, of which the filtered secular variation is made too"
    )
