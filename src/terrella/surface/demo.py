"""What `terrella surface demo` shows."""

from pathlib import Path

from terrella.surface.opening import JACKSBORO
from terrella.surface.settings import DataSettings, FitSettings, SurfaceSettings


def demo_settings(seed: int, grid: Path | None) -> tuple[SurfaceSettings, str]:
    """Return settings under which the demo takes some two minutes, and a line on its grid."""
    place = JACKSBORO if grid is None else str(grid)
    settings = SurfaceSettings(data=DataSettings(grid=place, seed=seed), fit=FitSettings(seed=seed))
    about = 'the elevation model of Jacksboro, Tennessee (SRTM, 3"), that matplotlib brings'
    return settings, f"{about if grid is None else place}; blocks are held out whole"


def how_to_fill(run: Path, settings: SurfaceSettings) -> str:
    """Return how to fill a grid of one's own."""
    return f"fill your own: terrella surface predict FILE --bundle {run} -o filled.tif"
