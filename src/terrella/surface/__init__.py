"""Surfaces such as elevation, depth and anomalies: refined, and filled where there are gaps, with samples.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.surface.task",
    "judge": "terrella.surface.task",
    "predict": "terrella.surface.task",
    "Grid": "terrella.surface.grids.grid",
    "open_grid": "terrella.surface.grids.read",
    "block_means": "terrella.surface.interpolation.bicubic",
    "bicubic": "terrella.surface.interpolation.bicubic",
    "bicubic_with_means": "terrella.surface.interpolation.bicubic",
    "thin_plate_weights": "terrella.surface.interpolation.gaps",
    "kriging_weights": "terrella.surface.interpolation.gaps",
    "radial_spectrum": "terrella.surface.interpolation.spectral",
    "synthesise": "terrella.surface.interpolation.spectral",
    "SurfaceSettings": "terrella.surface.settings",
    "SurfaceModel": "terrella.surface.model",
    "load_model": "terrella.surface.model",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
