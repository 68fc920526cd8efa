"""The rules of a live record; they lie in its folder, since a record that changes its rules is none."""

from pydantic import Field, NonNegativeFloat, PositiveFloat

from terrella.engine.fit_settings import Frozen


class LiveSettings(Frozen):
    """When forecasts are issued, and when they are scored."""

    every_hours: PositiveFloat = Field(24.0, description="hours between forecasts, from midnight UTC on")
    trigger_magnitude: float = Field(
        6.0, description="magnitude from which an event in the region is followed by hourly forecasts"
    )
    hourly_for_hours: NonNegativeFloat = Field(
        24.0, description="how long those follow it, in hours; 0 for one"
    )
    score_after_hours: NonNegativeFloat = Field(
        24.0, description="hours from a window's end to its score, in which late and revised events come in"
    )
