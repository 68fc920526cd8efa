"""Gaps of a large elevation model filled in a process of its own, whose memory at its peak is what is asked for."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

from terrella.surface import predict
from terrella.surface.opening import jacksboro

_ROWS = 500


def make(path: Path, pixels: int) -> None:
    """Write a square model of so many pixels: mirrored copies of Jacksboro with gaps of 3 to 19 pixels."""
    heights, draw = jacksboro().whole(), np.random.default_rng(0)
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(pixels, pixels))
    columns = _mirrored(np.arange(pixels), heights.shape[1])
    for first in range(0, pixels, _ROWS):
        rows = _mirrored(np.arange(first, min(first + _ROWS, pixels)), heights.shape[0])
        part = heights[np.ix_(rows, columns)]
        for _ in range(pixels // 100):
            row, column = draw.integers(4, len(part) - 30), draw.integers(4, pixels - 40)
            height, width = draw.integers(3, 20, 2)
            part[row : row + height, column : column + width] = np.nan
        target[first : first + len(part)] = part
    target.flush()


def _mirrored(at: np.ndarray, length: int) -> np.ndarray:
    turn = at % (2 * length)
    return np.where(turn < length, turn, 2 * length - 1 - turn)


def main() -> None:
    """Fill GIVEN by BUNDLE into OUTPUT; print CPU seconds and MB at the peak as JSON."""
    given, bundle, output = sys.argv[1:]
    torch.set_num_threads(1)
    begin = time.process_time()
    said = predict(given, bundle=bundle, output=Path(output))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.process_time() - begin, "peak_mb": peak, "said": list(said)}))


if __name__ == "__main__":
    main()
