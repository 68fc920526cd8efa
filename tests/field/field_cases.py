"""Settings and files of `field` that train in a second."""

from pathlib import Path

import numpy as np

from terrella.cli.main import main
from terrella.field.harmonics.schmidt import degrees_orders

SMALL = ["--data.sites", 40, "--data.years", 24, "--data.degree", 5, "--data.regions", 2, "--data.blocks", 2,
         "--data.virtual", 12, "--fit.epochs", 3, "--judge.resamples", 30]  # fmt: skip


def run(*arguments) -> int:
    """Run a command of the task in this process and return its exit code."""
    try:
        main(["field", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def igrf_like(n_max: int = 4, epochs=(2015.0, 2020.0, 2025.0)) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs and coefficients (epoch, coefficient) that look like the main field's."""
    first = [-29441.5, -1501.8, 4796.0, -2445.9, 3012.2, -2845.4, 1676.4, -642.2, 1350.3, -2352.3, -115.3, 1225.9,
             245.0, 581.7, -538.7]  # fmt: skip
    rate = [8.0, 11.0, -26.0, -11.0, -6.0, -29.0, -2.0, -18.0, 2.0, -5.0, 6.0, -0.5, -1.0, -12.5, 1.0]
    n = degrees_orders(n_max)[0]
    draw = np.random.default_rng(1)
    level = np.concatenate([first, draw.normal(0, 200, len(n) - 15)])
    speed = np.concatenate([rate, draw.normal(0, 5, len(n) - 15)])
    years = np.array(epochs)
    return years, level + np.outer(years - 2015.0, speed)


def shc_text(years, values, n_max: int, order: int = 2, step: int = 1, comment: str = "# made\n") -> str:
    """Return coefficients as a file's text."""
    lines = [f"1 {n_max} {len(years)} {order} {step}", " ".join(f"{y:.4f}" for y in years)]
    lines += [
        f"{n} {m} " + " ".join(f"{v:.4f}" for v in column)
        for n, m, column in zip(*degrees_orders(n_max), np.asarray(values).T, strict=True)
    ]
    return comment + "\n".join(lines) + "\n"


def annual_file(folder: Path, rows: str, head: str = "NARSARSUAQ, NAQ, GREENLAND") -> Path:
    """Write annual means of all days as INTERMAGNET's files have them."""
    path = folder / "yearmean.naq"
    path.write_text(
        "                         ANNUAL MEAN VALUES\n\n"
        f"                     {head}\n\n"
        "  COLATITUDE:  28.84       LONGITUDE: 314.56 E       ELEVATION:  4 meters\n\n"
        "  YEAR      D        I        H      X      Y      Z      F  * ELE Note\n"
        "         Deg.  '  Deg.  '     nT     nT     nT     nT     nT\n\n" + rows + "\n  * A = All days\n"
    )
    return path


def iaga_file(folder: Path, year: int, reported: str = "XYZF", code: str = "ABK", **changed: object) -> Path:
    """Write a year of daily values as IAGA-2002, all alike; the first day is missing."""
    import datetime

    head = {
        "Format": "IAGA-2002", "Source of Data": "made", "Station Name": "ABISKO", "IAGA Code": code,
        "Geodetic Latitude": "68.358", "Geodetic Longitude": "18.823", "Elevation": "380", "Reported": reported,
        "Data Type": "definitive", **changed,
    }  # fmt: skip
    x, y, z = 11_000.0 + 10 * (year - 2000), 1_500.0, 51_000.0
    h, d = np.hypot(x, y), np.degrees(np.arctan2(y, x)) * 60
    of = {
        "X": x,
        "Y": y,
        "Z": z,
        "H": h,
        "D": d,
        "F": np.sqrt(x * x + y * y + z * z),
        "I": np.degrees(np.arctan2(z, h)) * 60,
    }
    lines = [f" {name:23}{value}".ljust(69) + "|" for name, value in head.items() if value is not None]
    lines.append(
        "DATE       TIME         DOY     " + "      ".join(code + letter for letter in reported) + "   |"
    )
    for k in range(365):
        day = datetime.date(year, 1, 1) + datetime.timedelta(k)
        values = [99999.0 if k == 0 else of.get(letter, 88888.0) for letter in reported]
        lines.append(f"{day} 12:00:00.000 {k + 1:03d} " + " ".join(f"{v:9.2f}" for v in values))
    path = folder / f"{code.lower()}{year}.day"
    path.write_text("\n".join(lines) + "\n")
    return path
