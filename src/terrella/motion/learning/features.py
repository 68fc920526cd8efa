"""What the learned residual sees of a record, and where it has seen enough."""

from dataclasses import dataclass

import numpy as np

from terrella.motion.flatfile.table import Flatfile, Floats

INPUTS = ("magnitude", "ln distance", "distance", "ln Vs30", "depth", "normal", "reverse")
_NEAR_KM = 5.0  # depth-like constant of the distance: the residual saturates near the source as the models do
_M = np.arange(3.0, 8.76, 0.25)
_LN_R = np.linspace(np.log(_NEAR_KM), np.log(450.0), 24)
_WIDTHS = (0.4, 0.35)  # of magnitude and ln distance, within which records tell of each other
ENOUGH = 4.0  # events at which half of the learned residual counts
_DRIFT = 0.8  # deviation of a bell, in nats
FEW = 1.0  # events below which a prediction is called extrapolated


@dataclass(frozen=True, eq=False)
class Scaling:
    """Means and deviations of the inputs, (input,) each."""

    mean: Floats
    deviation: Floats


def raw_inputs(records: Flatfile) -> Floats:
    """Return the inputs (record, input), NaN where a depth is unknown."""
    r = np.sqrt(records.rjb_km**2 + _NEAR_KM**2)
    columns = (
        records.magnitude, np.log(r), (r - _NEAR_KM) / 100, np.log(np.clip(records.vs30_m_s, 150, 1500)),
        np.clip(records.depth_km, 0, 40), records.mechanism == 2, records.mechanism == 3,
    )  # fmt: skip
    return np.stack([np.asarray(each, float) for each in columns], 1)


def scaling_of(raw: Floats) -> Scaling:
    """Return the scaling of inputs (record, input); what does not vary is divided by one."""
    known = np.isfinite(raw).any(0)
    mean, deviation = np.zeros(raw.shape[1]), np.ones(raw.shape[1])
    mean[known], deviation[known] = np.nanmean(raw[:, known], 0), np.nanstd(raw[:, known], 0)
    return Scaling(mean, np.where(deviation > 1e-6, deviation, 1.0))


def scaled(raw: Floats, scaling: Scaling) -> Floats:
    """Return scaled inputs; an unknown depth is the mean one."""
    return np.nan_to_num((raw - scaling.mean) / scaling.deviation)


def from_mean(scaling: Scaling) -> tuple[float, float, float, float]:
    """Return magnitude, Rjb in km, Vs30 in m/s and depth in km of the mean scenario."""
    magnitude, ln_r, _, ln_vs30, depth_km = scaling.mean[:5]
    near = max(np.exp(2 * ln_r) - _NEAR_KM**2, 0.0)
    return float(magnitude), float(np.sqrt(near)), float(np.exp(ln_vs30)), float(depth_km)


def support_of(records: Flatfile) -> Floats:
    """Return how many events tell of each magnitude and distance, (magnitude, ln distance) of a grid.

    Each event counts by its record that is nearest there: many records of one event tell little of others.
    """
    ln_r = np.log(np.sqrt(records.rjb_km**2 + _NEAR_KM**2))
    order = np.argsort(records.event, kind="stable")
    starts = np.flatnonzero(np.r_[True, records.event[order][1:] != records.event[order][:-1]])
    near_r = np.exp(-0.5 * ((_LN_R[None] - ln_r[order, None]) / _WIDTHS[1]) ** 2)
    by_event = np.maximum.reduceat(near_r, starts, axis=0)
    m = records.magnitude[order][starts]
    near_m = np.exp(-0.5 * ((_M[:, None] - m[None]) / _WIDTHS[0]) ** 2)
    return np.asarray(near_m @ by_event)


def supported(support: Floats, records: Flatfile) -> Floats:
    """Return the number of events that tell of each record, (…, record), from grids (…, magnitude, ln distance)."""
    m = np.clip((records.magnitude - _M[0]) / (_M[1] - _M[0]), 0, len(_M) - 1.001)
    ln_r = np.log(np.sqrt(records.rjb_km**2 + _NEAR_KM**2))
    r = np.clip((ln_r - _LN_R[0]) / (_LN_R[1] - _LN_R[0]), 0, len(_LN_R) - 1.001)
    i, j = m.astype(int), r.astype(int)
    a, b = m - i, r - j
    return np.asarray(
        (1 - a) * ((1 - b) * support[..., i, j] + b * support[..., i, j + 1])
        + a * ((1 - b) * support[..., i + 1, j] + b * support[..., i + 1, j + 1])
    )


def gate(events: Floats) -> Floats:
    """Return the share of the learned residual that counts where so many events tell of a record."""
    return np.asarray(events / (events + ENOUGH))


@dataclass(frozen=True, eq=False)
class Drift:
    """Gaussian bells of the year: nodes in years, and the bells' mean over the training, (node,) each."""

    nodes: Floats
    mean: Floats
    width_years: float


def make_drift(records: Flatfile, width_years: float) -> Drift:
    """Return a drift over the years of some records; without nodes where all are of about the same time."""
    years = records.year[np.isfinite(records.year)]
    if not len(years) or width_years <= 0 or np.ptp(years) <= width_years:
        return Drift(np.zeros(0), np.zeros(0), width_years)
    nodes = np.arange(years.min(), years.max() + width_years, width_years)
    plain = Drift(nodes, np.zeros(len(nodes)), width_years)
    return Drift(nodes, drift_features(records, plain).mean(0), width_years)


def drift_features(records: Flatfile, drift: Drift) -> Floats:
    """Return the bells less their mean (record, node): of the last node beyond them, zero where no year is known.

    They make the mean of events drift with time, as magnitudes and networks do in a flatfile of decades.
    """
    if not len(drift.nodes):
        return np.zeros((len(records), 0))
    years = np.clip(records.year, drift.nodes[0], drift.nodes[-1])[:, None]
    bells = _DRIFT * np.exp(-0.5 * ((years - drift.nodes) / drift.width_years) ** 2)
    return np.nan_to_num(bells - drift.mean)
