"""Derive the package's land outlines from Natural Earth (public domain) in TopoJSON.

Usage: python scripts/make_land.py [FOLDER with land-110m.json and land-50m.json]
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "src" / "terrella" / "earth" / "land.npz"


def rings(topology: dict) -> list[np.ndarray]:
    """Return the outer and inner rings of all land, (n, 2) longitudes and latitudes in degrees."""
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            for ring in polygon:
                # A negative index means the arc of its complement, reversed; shared points appear once.
                parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]
                found.append(np.concatenate([parts[0], *(part[1:] for part in parts[1:])]))
    return found


def main() -> None:
    default = os.environ.get("TERRELLA_DATA", str(Path(__file__).parents[2] / "shared" / "data"))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(default) / "map"
    arrays = {}
    for detail in ("110m", "50m"):
        outlines = rings(json.loads((folder / f"land-{detail}.json").read_text(encoding="utf-8")))
        points = np.concatenate(outlines)
        # Hundredths of a degree, about a kilometre, as small integers.
        arrays[f"points_{detail}"] = np.round(points * 100).astype(np.int16)
        arrays[f"lengths_{detail}"] = np.array([len(outline) for outline in outlines], np.int32)
    np.savez_compressed(TARGET, **arrays)
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
