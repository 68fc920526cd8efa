"""Loads PROJ before xarray loads its plug-ins: imported wherever data sets are opened.

The wheel of ecCodes, which the extra `grib` brings, holds a PROJ of its own (eccodeslib 2.50, pyproj 3.7.2). Where
it comes first, pyproj finds no database and the process ends on memory freed twice.
"""

import pyproj  # noqa: F401
