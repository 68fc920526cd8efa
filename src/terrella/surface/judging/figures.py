"""The figures of surfaces: one function each, of data and axes."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from terrella.engine.judge.figures import LEGEND, Look, line
from terrella.surface.grids.grid import Floats


def draw_relief(axes: Axes, heights: Floats, title: str, steep: float) -> Axes:
    """Draw a surface lit from the north-west; `steep` is the slope per pixel that is lit fully."""
    down, across = np.gradient(heights)
    axes.imshow(np.nan_to_num((across + down) / steep), cmap="gray", vmin=-1.5, vmax=1.5)
    axes.set_title(title, fontsize=8)
    axes.set(xticks=[], yticks=[])
    return axes


def draw_difference(axes: Axes, off: Floats, title: str, reach: float) -> AxesImage:
    """Draw errors, colours diverging from zero, and return the image, of which a bar of colours can be made."""
    shown = axes.imshow(off, cmap="PuOr", vmin=-reach, vmax=reach)
    axes.set_title(title, fontsize=8)
    axes.set(xticks=[], yticks=[])
    return shown


def draw_spectra(
    axes: Axes, wavenumber: Floats, power: Mapping[str, Floats], truth: Floats, look: Look, known: float
) -> Axes:
    """Draw radial spectra over wavelengths; block means alone tell of those longer than `known`."""
    axes.loglog(1 / wavenumber, truth, color="#222222", lw=2.2, label="truth")
    for name, values in power.items():
        axes.loglog(1 / wavenumber, values, lw=1.3, label=name, **line(look, name))
    axes.axvline(known, color="#a8a8a8", lw=0.9)
    axes.annotate(
        "blocks", (known, 0.03), xycoords=("data", "axes fraction"), fontsize=7, ha="right", rotation=90
    )
    axes.set(xlabel="wavelength (pixels)", ylabel="power")
    axes.invert_xaxis()
    ticks = [n for n in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96) if n <= 1 / wavenumber[0]]
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.legend(**LEGEND)
    return axes
