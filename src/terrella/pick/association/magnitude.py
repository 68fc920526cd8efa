"""Local magnitudes from the amplitudes of picks."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def station_magnitude(amplitude: npt.ArrayLike, hypocentral_km: npt.ArrayLike) -> Floats:
    """Return local magnitudes: log10 A − log10 A0(r), of Hutton & Boore (1987, eq. 2) for southern California.

    With A in mm on a Wood–Anderson seismometer of nominal magnification 2,800 this is the local magnitude; in other
    units, such as counts, it is one but for a constant. NaN where the amplitude is not above 0.
    """
    amplitude = np.asarray(amplitude, float)
    r = np.maximum(np.asarray(hypocentral_km, float), 1.0)
    minus_log_a0 = 1.110 * np.log10(r / 100) + 0.00189 * (r - 100) + 3.0
    return np.log10(np.where(amplitude > 0, amplitude, np.nan)) + minus_log_a0


def event_magnitudes(
    event: npt.NDArray[np.int64], station: npt.NDArray[np.object_], magnitude: Floats, events: int
) -> Floats:
    """Return each event's median over stations of the largest magnitude there, NaN where there is none.

    `event`, `station` and `magnitude` are of picks; events are numbered from 0.
    """
    import pandas as pd

    each = pd.DataFrame({"event": event, "station": station, "magnitude": magnitude}).dropna()
    largest = each.groupby(["event", "station"])["magnitude"].max()
    return largest.groupby(level="event").median().reindex(range(events)).to_numpy(float)
