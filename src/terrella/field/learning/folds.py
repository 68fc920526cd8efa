"""Folds that leave out a region and all later epochs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terrella.earth.sphere import Floats, unit_vectors
from terrella.errors import InputError
from terrella.field.learning.pairs import Numbers, Pairs

LEAST_ORIGINS = 4  # issue years whose outcome the first block's members know


@dataclass(frozen=True, eq=False)
class Folds:
    """Who learns what.

    A *member* is a network that never saw one region's observatories, nor any mean after the first issue year
    of one block: it is judged there. The block after the last knows all epochs, so that it tells of regions
    alone; the last member saw all.

    Parameters
    ----------
    region : array (pair,)
        Region of each pair's place.
    block : array (pair,)
        Block of each pair's issue year, −1 where no member can be judged.
    known_until : array (block + 1,)
        The last issue year (its number) whose outcome a block's members know.
    """

    region: Numbers
    block: Numbers
    origin: Numbers
    known_until: Numbers
    centres: Floats

    @property
    def regions(self) -> int:
        """The number of regions."""
        return len(self.centres)

    @property
    def blocks(self) -> int:
        """The number of blocks of issue years."""
        return len(self.known_until) - 1

    @property
    def members(self) -> int:
        """The number of members, the whole one among them."""
        return self.regions * (self.blocks + 1) + 1

    def member(self, region: Numbers, block: Numbers | int) -> Numbers:
        """Return the member that left out a region and a block."""
        return np.asarray(block * self.regions + region)

    def known(self, block: int) -> npt.NDArray[np.bool_]:
        """Return which pairs' outcomes were known when a block began."""
        return np.asarray(self.origin <= self.known_until[block])

    def learned(self) -> npt.NDArray[np.bool_]:
        """Return what each member learns from, (pair, member)."""
        return self._learned(self.origin, self.region)

    def of_others(self, origin: Numbers, place: Floats) -> npt.NDArray[np.bool_]:
        """Return what each member learns from of other issue years and unit vectors, (pair, member)."""
        return self._learned(origin, _nearest(place, self.centres))

    def _learned(self, origin: Numbers, region: Numbers) -> npt.NDArray[np.bool_]:
        columns = [
            (origin <= until) & (region != left_out)
            for until in self.known_until
            for left_out in range(self.regions)
        ]
        return np.stack([*columns, origin <= self.known_until[-1]], 1)


def make_folds(pairs: Pairs, place: Floats, years: int, horizon: int, regions: int, blocks: int) -> Folds:
    """Return folds of pairs whose places are unit vectors (pair, 3); `years` is the number of annual means.

    Raises:
        InputError: where there are too few years or regions.
    """
    first = int(pairs.origin.min())
    last = years - 1 - horizon
    judged = np.arange(first + horizon + LEAST_ORIGINS - 1, last + 1)
    if len(judged) < blocks:
        least = first + 2 * horizon + LEAST_ORIGINS - 1 + blocks
        raise InputError(
            f"{years} years are too few: {blocks} blocks of issue years, each with {horizon} years after it "
            f"and {LEAST_ORIGINS} issue years whose outcome is known before, need {least}; give a longer "
            "series, or a smaller data.horizon_years or data.blocks"
        )
    begins = judged[np.linspace(0, len(judged), blocks + 1).astype(int)[:-1]]
    block = np.searchsorted(begins, pairs.origin, side="right") - 1
    centres = _centres(np.unique(np.round(place[~pairs.virtual], 6), axis=0), regions)
    return Folds(_nearest(place, centres), block, pairs.origin, np.append(begins - horizon, last), centres)


def areas(latitude: Floats, longitude: Floats, number: int) -> Numbers:
    """Return one of so many small areas for each place, for resampling: neighbours err alike."""
    place = unit_vectors(longitude, latitude)
    every = np.unique(place, axis=0)
    return _nearest(place, _centres(every, min(number, len(every))))


def _nearest(place: Floats, centres: Floats) -> Numbers:
    return np.asarray((place @ centres.T).argmax(axis=1))


def _centres(place: Floats, number: int) -> Floats:
    """Return places far from each other, each the farthest from those before.

    Raises:
        InputError: where there are fewer places.
    """
    if len(place) < number:
        raise InputError(
            f"{len(place)} observatories are too few for {number} regions; set data.regions to less"
        )
    chosen = [int((place @ place.mean(0)).argmin())]
    nearest = place @ place[chosen[0]]
    for _ in range(number - 1):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, place @ place[chosen[-1]])
    return place[chosen]
