"""Tiles of a grid with their margins, and noise that is the same whichever tile asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from terrella.surface.grids.grid import Floats

_NOISE = 64  # pixels of a piece of noise


@dataclass(frozen=True)
class Tile:
    """Rows and columns of a grid that are written, and the wider ones that are read for it."""

    rows: slice
    columns: slice
    read_rows: slice
    read_columns: slice

    @property
    def inner(self) -> tuple[slice, slice]:
        """What is written, as part of what is read."""
        row, column = self.rows.start - self.read_rows.start, self.columns.start - self.read_columns.start
        return (
            slice(row, row + self.rows.stop - self.rows.start),
            slice(column, column + self.columns.stop - self.columns.start),
        )


def tiles_of(shape: tuple[int, int], size: int, margin: int) -> Iterator[Tile]:
    """Yield the tiles of a grid, row by row."""
    for row in range(0, shape[0], size):
        for column in range(0, shape[1], size):
            yield tile_at(shape, (row, column), size, margin)


def tile_at(shape: tuple[int, int], corner: tuple[int, int], size: int, margin: int) -> Tile:
    """Return the tile with its first pixel at a row and a column."""
    ends = [min(at + size, n) for at, n in zip(corner, shape, strict=True)]
    rows, columns = (slice(at, end) for at, end in zip(corner, ends, strict=True))
    read = (
        slice(max(at - margin, 0), min(end + margin, n))
        for at, end, n in zip(corner, ends, shape, strict=True)
    )
    return Tile(rows, columns, *read)


def noise_at(row: int, column: int, shape: tuple[int, int], member: int) -> Floats:
    """Return normal noise of a member at pixels of a grid, from row and column on."""
    first_row, first_column = row // _NOISE, column // _NOISE
    down = -(-(row + shape[0]) // _NOISE) - first_row
    across = -(-(column + shape[1]) // _NOISE) - first_column
    pieces = np.block([
        [np.random.default_rng((member, first_row + i, first_column + j)).standard_normal((_NOISE, _NOISE))
         for j in range(across)]
        for i in range(down)
    ])  # fmt: skip
    begin = row - first_row * _NOISE, column - first_column * _NOISE
    return np.asarray(pieces[begin[0] : begin[0] + shape[0], begin[1] : begin[1] + shape[1]])
