"""What `terrella surface demo` shows."""

from pathlib import Path

from terrella.surface.opening import JACKSBORO
from terrella.surface.settings import DataSettings, FitSettings, SurfaceSettings


def demo_settings(seed: int, grid: Path | None) -> tuple[SurfaceSettings, str]:
    """Return settings under which the demo takes some two minutes, and a line on its grid."""
    place = JACKSBORO if grid is None else str(grid)
    settings = SurfaceSettings(data=DataSettings(grid=place, seed=seed), fit=FitSettings(seed=seed))
    what = (
        'the elevation model of Jacksboro, Tennessee (SRTM, 3"), that matplotlib brings'
        if grid is None
        else place
    )
    return settings, f"{what}; blocks are held out whole"
