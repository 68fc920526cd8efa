"""The rules of a live record; they lie in its folder, since a record that changes its rules is none."""

from pydantic import NonNegativeFloat, PositiveFloat

from terrella.engine.fit_settings import Frozen


class LiveSettings(Frozen):
    """When forecasts are issued, and when they are scored."""

    every_hours: PositiveFloat = 24.0  # from midnight UTC on
    trigger_magnitude: float = (
        6.0  # of an event in the region, after which forecasts follow each other hourly
    )
    hourly_for_hours: NonNegativeFloat = 24.0
    score_after_hours: NonNegativeFloat = 24.0  # after a window has closed: late and revised events come in
