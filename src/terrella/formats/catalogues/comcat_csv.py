"""Writing the CSV layout of the USGS ComCat search; reading it needs no code beyond `delimited`."""

import csv
import gzip
import io
from pathlib import Path

import numpy as np

from terrella.formats.catalogues.catalogue import Catalogue

HEADER = (
    "time", "latitude", "longitude", "depth", "mag", "magType", "nst", "gap", "dmin", "rms", "net", "id",
    "updated", "place", "type", "horizontalError", "depthError", "magError", "magNst", "status",
    "locationSource", "magSource",
)  # fmt: skip


def write_comcat_csv(catalogue: Catalogue, path: Path, compressed: bool) -> None:
    """Write ComCat's columns; those that a catalogue does not hold stay blank, `type` is earthquake."""
    n = len(catalogue)
    types = [*catalogue.magnitude_types, ""]  # code −1 finds the blank
    depth = np.where(np.isnan(catalogue.depth_km), "", catalogue.depth_km.astype(str))
    filled = {
        "time": np.strings.add(np.datetime_as_string(catalogue.time_utc, unit="us"), "Z"),
        "latitude": catalogue.latitude.tolist(),
        "longitude": catalogue.longitude.tolist(),
        "depth": depth,
        "mag": catalogue.magnitude.tolist(),
        "magType": [types[code] for code in catalogue.magnitude_type],
        "id": [""] * n if catalogue.event_id is None else np.char.decode(catalogue.event_id, "utf-8"),
        "type": ["earthquake"] * n,
    }
    blank = [""] * n
    with path.open("wb") as file:
        # No time stamp in the gzip header: equal catalogues give equal files.
        stream = gzip.GzipFile("", "wb", 6, file, mtime=0) if compressed else file
        with io.TextIOWrapper(stream, encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(zip(*(filled.get(name, blank) for name in HEADER), strict=True))
