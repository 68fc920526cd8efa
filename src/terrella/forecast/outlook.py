"""What a forecast says in words: for which time it is, and how probable larger earthquakes are in the region."""

import numpy as np

from terrella.forecast.issuing import Issued
from terrella.forecast.models import Models, known_before
from terrella.formats.catalogues.catalogue import Catalogue, Floats

LARGEST = 8.0  # no bundle knows an upper end of Gutenberg and Richter's law
_LEAST = 1e-6  # probabilities below are not shown
_DAY = np.timedelta64(1, "D")
_SMALL_STEP = 0.5  # above the smallest magnitude
_YEAR_DAYS = 365.25
_RECENT = np.timedelta64(5 * 1461 // 4, "D")
_OTHER_RATE = 3.0  # years of one region differ less, but for great sequences
_LEAST_SHARE, _LEAST_MISSED = 0.1, 20.0  # of the events expected where the catalogue has none
_NAMES = {1.0: "next day", 7.0: "next week", 30.0: "next month"}


def issue_lines(
    catalogue: Catalogue, issue_time: np.datetime64, given: bool, now: np.datetime64 | None = None
) -> list[str]:
    """Return what a reader must know of the time that a forecast is for, where its catalogue is not fresh.

    A gap counts where it is longer than a day and than ten mean intervals between the events.
    """
    now = np.datetime64("now", "us") if now is None else now
    before = catalogue.time_utc[catalogue.time_utc < issue_time]
    if len(before) == 0:
        return []
    end = before[-1]
    usual = max(_DAY, 10 * (end - before[0]) / len(before))
    said = []
    if given and issue_time - end > usual:
        said.append(
            f"the catalogue's last event before the issue time is {_ago(issue_time - end)} older, "
            f"{str(end)[:19]}Z: what happened since then is not in this forecast"
        )
    if not given and now - issue_time > usual:
        said.append(
            f"the catalogue ends on {str(end)[:19]}Z, {_ago(now - end)} ago: this forecast is for the time just "
            "after that, not for today; give a catalogue that is up to date, or --issue-time"
        )
    return said


def fit_lines(models: Models, catalogue: Catalogue, issue_time: np.datetime64) -> list[str]:
    """Return a line on where a catalogue is unlike that of the bundle, or none.

    Looked at are the events that the forecast is conditioned on: how far down they reach, how many there are since
    the training, how far back and how wide they go.
    """
    known = known_before(models, catalogue, issue_time)
    parts = [
        part
        for part in (
            _too_large(models, known) or _other_rate(models, known, issue_time),
            _too_short(known, issue_time),
            _too_narrow(models, known),
        )
        if part
    ]
    return [f"the catalogue does not fit the bundle: {'; '.join(parts)}"] if parts else []


def _too_large(models: Models, known: Catalogue) -> str:
    """Say so where the events of the half magnitude above the bundle's smallest are missing."""
    least, n = models.min_magnitude, len(known)
    small = n - len(known.above(least + _SMALL_STEP))
    expected = n * -np.expm1(-models.etas.beta * _SMALL_STEP)
    if not (small < expected / 2 and expected - small > 4 * np.sqrt(expected)):
        return ""
    return (
        f"{small:,} of its {n:,} events are of M {least:g} to {least + _SMALL_STEP:g}, of which the bundle's "
        f"b-value lets {expected:,.0f} expect (the smallest is M {known.magnitude.min():g}): too few are forecast"
    )


def _other_rate(models: Models, known: Catalogue, issue_time: np.datetime64) -> str:
    """Say so where many more or fewer events have come since the training than in it."""
    trained_until = models.epoch + np.timedelta64(round(models.fold_limits[-1] * 86_400_000_000), "us")
    since = max(trained_until, known.time_utc[0], issue_time - _RECENT)
    days = float((issue_time - since) / _DAY)
    if days < _YEAR_DAYS:
        return ""
    rate = len(known.between(since, issue_time)) / days
    trained = float(models.climatology.rate_per_day.sum())
    if trained / _OTHER_RATE < rate < trained * _OTHER_RATE:
        return ""
    return f"{rate:.3g} events a day since {str(since)[:10]}, {trained:.3g} in the training"


def _too_short(known: Catalogue, issue_time: np.datetime64) -> str:
    days = float((issue_time - known.time_utc[0]) / _DAY)
    if days >= _YEAR_DAYS:
        return ""
    length = _ago(issue_time - known.time_utc[0])
    return f"it begins {length} before the issue time: aftershocks of what came before are missing"


def _too_narrow(models: Models, known: Catalogue) -> str:
    """Say so where a part of the region with many events in the training has none."""
    grid = models.grid
    rate = np.zeros(grid.mask.shape)
    rate[grid.mask] = models.climatology.rate_per_day.reshape(grid.shape[0], -1).sum(0)
    west, east, south, north = (f(x) for x in (known.longitude, known.latitude) for f in (np.min, np.max))
    width = float(grid.longitude_edges[1] - grid.longitude_edges[0])
    beside = (grid.longitudes < west - width) | (grid.longitudes > east + width)
    below = (grid.latitudes < south - width) | (grid.latitudes > north + width)
    share = float(rate[below[:, None] | beside[None, :]].sum() / rate.sum())
    if share < _LEAST_SHARE or share * len(known) < _LEAST_MISSED:
        return ""
    return (
        f"its events lie in {west:.1f} to {east:.1f}° E, {south:.1f} to {north:.1f}° N, where "
        f"{100 * (1 - share):.0f} % of the bundle's are expected"
    )


def magnitude_lines(models: Models, issued: Issued) -> list[str]:
    """Return a table of the probability of one or more events of M ≥ m in the whole region, in lines."""
    steps = np.arange(np.floor(models.min_magnitude) + 1, LARGEST + 0.5)
    magnitudes = np.array([models.min_magnitude, *steps])
    table = region_probabilities(models, issued, magnitudes)
    heads = [_NAMES.get(days, f"next {days:g} d") for days in models.horizons_days]
    lines = ["probability of one or more earthquakes in the whole region:"]
    lines.append(f"  {'':8}" + "".join(f"{head:>12}" for head in heads))
    for magnitude, row in zip(magnitudes, table, strict=True):
        if row.max() >= _LEAST:
            lines.append(f"  {f'M ≥ {magnitude:g}':8}" + "".join(f"{percent(p):>12}" for p in row))
    lines.append(
        f"  by Gutenberg–Richter with b = {models.etas.beta / np.log(10):.2f}, no largest "
        "magnitude, and the counts' negative binomial law thinned by it, each cell on its own"
    )
    return lines


def region_probabilities(models: Models, issued: Issued, magnitudes: Floats) -> Floats:
    """Return the probability of one or more events of each magnitude or more in the region (magnitude, horizon).

    Gutenberg and Richter's law thins a negative binomial count to one of the same dispersion, exactly. The cells
    are taken as independent given what is known, as the likelihood that all models are fitted with takes them.
    """
    share = np.exp(-models.etas.beta * (magnitudes - models.min_magnitude))
    mean, alpha = issued.mean.double().numpy(), issued.dispersion.double().numpy()
    # −log P(no event) of a cell is log(1 + α p μ)/α.
    none = [(np.log1p(alpha * p * mean) / alpha).sum(1) for p in share]
    return np.maximum.accumulate(-np.expm1(-np.array(none)), axis=1)


def percent(p: float) -> str:
    """Return a probability in words for a table."""
    return f"{100 * p:.3g} %" if p < 0.9995 else "> 99.9 %"


def _ago(gap: np.timedelta64) -> str:
    days = float(gap / _DAY)
    return f"{days:.1f} days" if days < 60 else f"{days / 365.25:.1f} years"
