"""The words of the report."""

from collections.abc import Mapping
from typing import Any

from terrella.surface.learning.held_out import CLASSICAL, NETWORK
from terrella.surface.learning.windows import FILL, REFINE
from terrella.surface.settings import SurfaceSettings

LOOKS = (
    "Slope and curvature are root mean squares over the truth's (1 is right; an estimate that is a mean must be "
    "smoother than the ground). Spectrum is the mean distance of log₁₀ power from the truth's at wavelengths under "
    "eight pixels. Channels are the 5 % of pixels through which most of a window drains: the share of the truth's "
    "that a surface has within a pixel says something of terrain alone. The sliced Wasserstein distance compares "
    "patches of 8 × 8 pixels with the truth's. If samples were copies of what was learned, their patches would lie "
    "much nearer to the learned ones than the truth's own do."
)
GENERATION = (
    "Samples are conditional: on block means, or on the ground around a gap. Terrain without any condition is not "
    "offered: one grid is one landscape, of which an honest unconditional generator cannot be trained; "
    "phase-randomised "
    "synthesis, which knows a spectrum alone, is what conditional simulation draws from."
)


def about(settings: SurfaceSettings, document: Mapping[str, Any]) -> str:
    """Return what was judged."""
    data = settings.data
    return (
        f"Blocks of {data.block_pixels} × {data.block_pixels} pixels were held out whole. Their pixels are "
        "asked for "
        f"again from means of {data.factor} × {data.factor} (the bicubic splines then keep these means "
        "exactly, as the "
        f"network does), and from around square gaps of {data.gap_pixels} pixels. Kriging has a power-law "
        "variogram "
        "fitted to what is learned; conditional simulation adds, to the spline or the thin plate, what it "
        "misses of "
        "random fields of the learned spectrum."
    )


def lead(document: Mapping[str, Any]) -> str:
    """Return the first lines of the report."""
    said = []
    for kind, what in ((REFINE, "block means refined"), (FILL, "gaps filled")):
        pair = next(
            each
            for each in document["paired"]
            if (each["score"], each["over"]) == (f"rmse@{kind}", CLASSICAL[kind])
        )
        better = pair["low"] is not None and pair["low"] > 0
        by = document["trusted"][kind]
        said.append(
            f"{what}: the network is {'better' if better else 'not shown to be better'} than {CLASSICAL[kind]} "
            "here, "
            f"and {'the network' if by == NETWORK else by} predicts, as the dev blocks chose"
        )
    text = "; ".join(said)
    return text[0].upper() + text[1:] + "."
