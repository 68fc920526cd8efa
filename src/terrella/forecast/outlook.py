"""What a forecast says in words: for which time it is, and how probable larger earthquakes are in the region."""

import numpy as np

from terrella.forecast.issuing import issue
from terrella.forecast.models import Forecaster
from terrella.formats.catalogues.catalogue import Catalogue, Floats

LARGEST = 8.0  # no bundle knows an upper end of Gutenberg and Richter's law
_LEAST = 1e-6  # probabilities below are not shown
_DAY = np.timedelta64(1, "D")
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


def magnitude_lines(forecaster: Forecaster, issue_time: np.datetime64) -> list[str]:
    """Return a table of the probability of one or more events of M ≥ m in the whole region, in lines."""
    models = forecaster.models
    steps = np.arange(np.floor(models.min_magnitude) + 1, LARGEST + 0.5)
    magnitudes = np.array([models.min_magnitude, *steps])
    table = region_probabilities(forecaster, issue_time, magnitudes)
    heads = [_NAMES.get(days, f"next {days:g} d") for days in models.horizons_days]
    lines = ["probability of one or more earthquakes in the whole region:"]
    lines.append(f"  {'':8}" + "".join(f"{head:>12}" for head in heads))
    for magnitude, row in zip(magnitudes, table, strict=True):
        if row.max() >= _LEAST:
            lines.append(f"  {f'M ≥ {magnitude:g}':8}" + "".join(f"{_percent(p):>12}" for p in row))
    lines.append(
        f"  by Gutenberg–Richter with b = {models.etas.beta / np.log(10):.2f}, no largest "
        "magnitude, and the counts' negative binomial law thinned by it, each cell on its own"
    )
    return lines


def region_probabilities(forecaster: Forecaster, issue_time: np.datetime64, magnitudes: Floats) -> Floats:
    """Return the probability of one or more events of each magnitude or more in the region (magnitude, horizon).

    Gutenberg and Richter's law thins a negative binomial count to one of the same dispersion, exactly. The cells
    are taken as independent given what is known, as the likelihood that all models are fitted with takes them.
    """
    models = forecaster.models
    issued = issue(forecaster, issue_time)
    share = np.exp(-models.etas.beta * (magnitudes - models.min_magnitude))
    mean, alpha = issued.mean.double().numpy(), issued.dispersion.double().numpy()
    # −log P(no event) of a cell is log(1 + α p μ)/α.
    none = [(np.log1p(alpha * p * mean) / alpha).sum(1) for p in share]
    return np.maximum.accumulate(-np.expm1(-np.array(none)), axis=1)


def _percent(p: float) -> str:
    return f"{100 * p:.3g} %" if p < 0.9995 else "> 99.9 %"


def _ago(gap: np.timedelta64) -> str:
    days = float(gap / _DAY)
    return f"{days:.1f} days" if days < 60 else f"{days / 365.25:.1f} years"
