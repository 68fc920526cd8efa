"""The region, the grid and the four windows of time that a training uses."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from terrella.earth.grid import Grid, make_grid
from terrella.earth.region import Region, box, box_around, ordered_bounds
from terrella.errors import InputError
from terrella.forecast.settings import DataSettings
from terrella.formats.catalogues.catalogue import Catalogue

NAMES = ("auxiliary_start", "train_start", "validation_start", "test_start", "test_end")
# Shares of the catalogue's length at which the windows begin where the settings give no dates.
SHARES = (0.0, 0.1, 0.6, 0.75, 1.0)


@dataclass(frozen=True)
class Windows:
    """When the auxiliary, training, validation and test windows begin, and the last one ends.

    Parameters
    ----------
    epoch : datetime64
        UTC.
    auxiliary_start, train_start, validation_start, test_start, test_end : float
        In days since `epoch`, in this order.
    """

    epoch: np.datetime64
    auxiliary_start: float
    train_start: float
    validation_start: float
    test_start: float
    test_end: float

    def date(self, name: str) -> np.datetime64:
        """Return one of the five limits as a UTC time."""
        return self.epoch + np.timedelta64(round(getattr(self, name) * 86_400_000_000), "us")


def parse_time(text: str, what: str) -> np.datetime64:
    """Return a UTC time from ISO 8601 text such as 2019-07-06T04:00:00Z or 2019-07-05T21:00-07:00.

    Raises:
        InputError: where the text is no time; `what` names the setting or option.
    """
    text = text.strip()
    try:
        time = datetime.fromisoformat(text + {4: "-01-01", 7: "-01"}.get(len(text), ""))
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
        return np.datetime64(time, "us")
    except (ValueError, OverflowError):
        raise InputError(
            f"{what}: {text!r} is not a time; write it in UTC as 2019-07-06 or 2019-07-06T04:00:00Z"
        ) from None


def issue_time_of(text: str | None, catalogue: Catalogue) -> np.datetime64:
    """Return the time of `--issue-time`, or where it is not given the whole second after the last event.

    Raises:
        InputError: where the text is no time.
    """
    if text is not None:
        return parse_time(text, "--issue-time")
    last = catalogue.time_utc[-1].astype("datetime64[s]") + np.timedelta64(1, "s")
    return np.datetime64(last, "us")


def make_windows(catalogue: Catalogue, settings: DataSettings) -> Windows:
    """Return the windows given in the settings, and shares of the catalogue's length for those left out.

    Raises:
        InputError: where the limits are out of order, or the catalogue ends before training can begin.
    """
    if len(catalogue) == 0:
        raise InputError(
            f"{catalogue.name}: no event is left to train on; lower data.min_magnitude or widen data.bounds"
        )
    first, last = catalogue.time_utc[0], catalogue.time_utc[-1]
    epoch = first.astype("datetime64[D]").astype("datetime64[us]")
    length = float((last - epoch) / np.timedelta64(1, "D"))
    limits: dict[str, float] = {}
    for name, share in zip(NAMES, SHARES, strict=True):
        text = getattr(settings, name)
        if text is None:
            # Whole days, so that issue times fall on midnight.
            limits[name] = np.ceil(length * share) if name == "test_end" else np.floor(length * share)
        else:
            limits[name] = float((parse_time(text, f"data.{name}") - epoch) / np.timedelta64(1, "D"))
    for earlier, later in pairwise(NAMES):
        if not limits[earlier] < limits[later]:
            raise InputError(
                f"data.{later} ({getattr(settings, later) or 'by default'}) must come after data.{earlier} "
                f"({getattr(settings, earlier) or 'by default'}); {catalogue.name} holds events from "
                f"{first.astype('datetime64[s]')} to {last.astype('datetime64[s]')}"
            )
    windows = Windows(epoch, **limits)
    if last < windows.date("test_start"):
        raise InputError(
            f"{catalogue.name} ends on {last.astype('datetime64[s]')}, before the test window begins "
            f"({windows.date('test_start').astype('datetime64[s]')}); use a longer catalogue or earlier "
            "data.train_start, data.validation_start and data.test_start"
        )
    return windows


def make_region(catalogue: Catalogue, settings: DataSettings) -> Region:
    """Return the region of the settings, or the box of whole degrees around the events.

    Raises:
        InputError: where both a polygon and bounds are given, or bounds are out of order.
    """
    if settings.polygon is not None and settings.bounds is not None:
        raise InputError("give data.polygon or data.bounds, not both")
    if settings.polygon is not None:
        return Region(_unwrapped(settings.polygon))
    if settings.bounds is not None:
        return box(*ordered_bounds(settings.bounds, "data.bounds"))
    if len(catalogue) == 0:
        raise InputError(f"{catalogue.name} holds no events")
    return box_around(catalogue.longitude, catalogue.latitude)


def _unwrapped(corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Return corners whose edges take the shorter way around the Earth, but where one goes all around."""
    longitude = np.array([lon for lon, _ in corners], float)
    jump = np.diff(longitude)
    turns = np.where(np.abs(jump) < 360, -np.round(jump / 360), 0.0)
    longitude[1:] += 360 * np.cumsum(turns)
    longitude -= 360 * np.floor((longitude.min() + 180) / 360)
    return tuple((float(lon), lat) for lon, (_, lat) in zip(longitude, corners, strict=True))


def inside(catalogue: Catalogue, region: Region) -> Catalogue:
    """Return the events of a region, their longitudes turned to its own: beyond 180 across the date line."""
    chosen = catalogue[region.contains(catalogue.longitude, catalogue.latitude)]
    return replace(chosen, longitude=region.turned(chosen.longitude))


def make_task_grid(region: Region, settings: DataSettings) -> Grid:
    """Return the grid of the settings over a region."""
    return make_grid(region, settings.cell_deg, settings.depth_edges_km)


def issue_days(start: float, end: float, step_days: float, horizon_days: float = 0.0) -> np.ndarray:
    """Return issue times from `start` on, spaced by `step_days`, whose horizon ends by `end`; in days."""
    count = int(np.floor((end - horizon_days - start) / step_days + 1e-9)) + 1
    return start + step_days * np.arange(max(count, 0))
