"""What each forecast adds to the scores: means over the globe, by WeatherBench 2 (Rasp et al. 2024)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Blocks

Floats = npt.NDArray[np.float64]
Fields = npt.NDArray[np.float32]
SCORES = ("rmse", "acc", "bias")


@dataclass(frozen=True, eq=False)
class Sums:
    """Means over the globe of each forecast, (start, lead, channel): squared error, anomaly correlation, error."""

    square: Floats
    correlation: Floats
    error: Floats

    def resampled(self, score: str, blocks: Blocks) -> Floats:
        """Return a score of the data and of every resample of starts, (1 + resample, lead, channel)."""
        values = {"rmse": self.square, "acc": self.correlation, "bias": self.error}[score]
        number = blocks.sums(np.ones(len(values)))
        mean = blocks.sums(values) / number[:, None, None]
        return np.asarray(np.sqrt(mean) if score == "rmse" else mean)


def globe_means(
    forecast: Fields, truth: Fields, climatology: Fields, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return each forecast's squared error, anomaly correlation and error, (start, channel).

    Fields are (start, point, channel); `weights` (point, channel) sum to one over points. The correlation is
    that of anomalies from the climatology, not centred, as in WeatherBench 2; 0 where a forecast has no anomaly.
    """
    wrong = forecast.astype(float) - truth
    square = np.einsum("spc,pc->sc", wrong**2, weights)
    ahead, was = forecast.astype(float) - climatology, truth.astype(float) - climatology
    both = np.einsum("spc,pc->sc", ahead * was, weights)
    size = np.einsum("spc,pc->sc", ahead**2, weights) * np.einsum("spc,pc->sc", was**2, weights)
    correlation = np.divide(both, np.sqrt(size), out=np.zeros_like(both), where=size > 1e-12 * (1 + both**2))
    return square, correlation, np.einsum("spc,pc->sc", wrong, weights)


def spectrum(fields: Fields, latitude: Floats, longitudes: int) -> Floats:
    """Return the power of each wavenumber around circles of latitude, by area, (start, channel, wavenumber).

    Of 0 to half the number of longitudes; the sum over wavenumbers is the mean square of the fields.
    """
    rows = fields.reshape(len(fields), len(latitude), longitudes, -1)
    waves = np.abs(np.fft.rfft(rows.astype(float), axis=2) / longitudes) ** 2
    waves[:, :, 1 : (longitudes + 1) // 2] *= 2
    area = np.cos(np.deg2rad(latitude))
    return np.asarray(np.einsum("sikc,i->sck", waves, area / area.sum()))
