"""What each forecast adds to the scores: means over the globe, by WeatherBench 2 (Rasp et al. 2024)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.engine.judge.bootstrap import Blocks
from terrella.engine.judge.comparing import fair_crps

Floats = npt.NDArray[np.float64]
Fields = npt.NDArray[np.float32]
SCORES = ("rmse", "acc", "bias", "crps")
SPREAD = "spread_skill"  # of those with members


@dataclass(frozen=True, eq=False)
class Sums:
    """Means over the globe of each forecast, (start, lead, channel).

    Squared error, anomaly correlation and error are of the mean of members, `crps` and `variance` of the members.
    """

    square: Floats
    correlation: Floats
    error: Floats
    crps: Floats
    variance: Floats
    members: int = 1

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of its scores."""
        return (*SCORES, SPREAD) if self.members > 1 else SCORES

    def resampled(self, score: str, blocks: Blocks) -> Floats:
        """Return a score of the data and of every resample of starts, (1 + resample, lead, channel)."""
        kinds = {
            "rmse": self.square, "acc": self.correlation, "bias": self.error, "crps": self.crps,
            SPREAD: self.variance,
        }  # fmt: skip
        number = blocks.sums(np.ones(len(self.square)))[:, None, None]
        mean = blocks.sums(kinds[score]) / number
        if (
            score == SPREAD
        ):  # 1 where members differ as much as the truth does from their mean (Fortin et al. 2014)
            expected = (self.members + 1) / self.members * mean
            return np.asarray(np.sqrt(expected / (blocks.sums(self.square) / number)))
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


def member_means(members: Fields, truth: Fields, weights: Floats) -> tuple[Floats, Floats]:
    """Return the fair CRPS (Ferro 2014, equation 8) and the variance of members, (start, channel).

    `members` are (member, start, point, channel), `truth` (start, point, channel). Of one member the CRPS is the
    absolute error.
    """
    if len(members) == 1:
        apart = np.abs(members[0].astype(float) - truth)
        return np.einsum("spc,pc->sc", apart, weights), np.zeros((len(truth), truth.shape[-1]))
    fair = fair_crps(members, truth)
    variance = members.var(axis=0, ddof=1, dtype=float)
    return np.einsum("spc,pc->sc", fair, weights), np.einsum("spc,pc->sc", variance, weights)


def spectrum(fields: Fields, latitude: Floats, longitudes: int) -> Floats:
    """Return the power of each wavenumber around circles of latitude, by area, (start, channel, wavenumber).

    Of 0 to half the number of longitudes; the sum over wavenumbers is the mean square of the fields.
    """
    rows = fields.reshape(len(fields), len(latitude), longitudes, -1)
    waves = np.abs(np.fft.rfft(rows.astype(float), axis=2) / longitudes) ** 2
    waves[:, :, 1 : (longitudes + 1) // 2] *= 2
    area = np.cos(np.deg2rad(latitude))
    return np.asarray(np.einsum("sikc,i->sck", waves, area / area.sum()))
