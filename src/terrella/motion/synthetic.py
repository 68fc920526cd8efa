"""A flatfile with a known truth: BSSA14 with other attenuation, terms of events and stations, and a drift."""

from dataclasses import dataclass, replace

import numpy as np

from terrella.motion.flatfile.table import Flatfile, Floats
from terrella.motion.models.bssa14 import median

TAU, PHI_S2S, PHI_SS = 0.45, 0.45, 0.50  # the truth, in ln units
SIGMA = float(np.sqrt(TAU**2 + PHI_S2S**2 + PHI_SS**2))
_SQUARE_KM = 300.0
_TRIGGER_G = 2e-4  # PGA below which an instrument kept nothing


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Records, and ln of the median motion that they scatter about, (record, measure)."""

    records: Flatfile
    truth: Floats


def make_synthetic(events: int, stations: int, measures: tuple[str, ...], seed: int) -> Synthetic:
    """Return records of a made network: Gutenberg–Richter magnitudes from 3.8 on, a square of 300 km.

    The truth attenuates faster than BSSA14 by 0.2 in 100 km, grows more slowly with magnitude below 5, is lower by
    0.5 everywhere, and drifts by 0.8 over 30 years, as where catalogues change their magnitudes.
    """
    draw = np.random.default_rng(seed)
    m = np.minimum(3.8 + draw.exponential(1 / np.log(10), events), 7.2)
    event_km, station_km = (
        draw.uniform(0, _SQUARE_KM, (events, 2)),
        draw.uniform(0, _SQUARE_KM, (stations, 2)),
    )
    vs30, year = (
        np.exp(draw.normal(np.log(450), 0.4, stations)),
        1990 + 30 * np.sort(draw.uniform(size=events)),
    )
    slip, depth = draw.integers(1, 4, events), draw.uniform(4, 18, events)
    i, j = (each.ravel() for each in np.meshgrid(np.arange(events), np.arange(stations), indexing="ij"))
    r = np.hypot(*(event_km[i] - station_km[j]).T)
    name = np.array([f"E{n:04d}" for n in range(events)]), np.array([f"S{n:03d}" for n in range(stations)])
    nothing = np.full(len(i), np.nan)
    records = Flatfile(
        event=name[0][i], station=name[1][j], magnitude=m[i], rjb_km=r, rjb_from=np.zeros(len(i), int),
        vs30_m_s=vs30[j], depth_km=depth[i], mechanism=slip[i], event_longitude=nothing, event_latitude=nothing,
        station_longitude=nothing, station_latitude=nothing, year=year[i], measures=measures,
        ln_motion=np.zeros((len(i), len(measures))), row=np.arange(len(i)) + 2,
    )  # fmt: skip
    truth = true_median(records, measures)

    # What an event, a station and a record have of their own is much alike at all periods.
    def terms(deviation: float, number: int) -> Floats:
        common, own = draw.normal(size=(number, 1)), draw.normal(size=(number, len(measures)))
        return np.asarray(deviation * (0.9 * common + np.sqrt(1 - 0.81) * own))

    ln = truth + terms(TAU, events)[i] + terms(PHI_S2S, stations)[j] + terms(PHI_SS, len(i))
    pga = ln[:, measures.index("PGA")] if "PGA" in measures else ln[:, 0]
    kept = (draw.uniform(size=len(i)) < 0.15) & (pga > np.log(_TRIGGER_G))
    return Synthetic(replace(records, ln_motion=ln).rows(kept), truth[kept])


def true_median(records: Flatfile, measures: tuple[str, ...]) -> Floats:
    """Return the truth that synthetic records scatter about, ln in g or cm/s, (record, measure)."""
    change = -0.5 - 0.2 * records.rjb_km / 100 + 0.35 * np.minimum(records.magnitude - 5, 0)
    drift = np.where(np.isfinite(records.year), 0.8 * (records.year - 2005) / 30, 0)
    return np.asarray(median(records, measures) + (change + drift)[:, None])
