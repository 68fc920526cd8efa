"""From waveforms to a forecast: records of a small network, picks, a catalogue, the next days' probabilities.

python docs/waveforms_to_forecast.py [FOLDER] [--hours 2] [--events 20] [--stations 10] [--bundle DIR]

The picking and the forecasting know nothing of each other: between them lies a catalogue file.
"""

import argparse
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from terrella.earth.sphere import distance_km
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.waveforms.picks import PICK_COLUMNS, write_picks
from terrella.pick.classical.records import pick_record
from terrella.pick.synthetic.continuous import make_shaking, write_sds

# The synthetic instruments give 1e9 counts per m/s. At the 5 Hz of small earthquakes nearby, a Wood-Anderson
# seismometer draws 2800 * 1000 / (2 pi 5) = 89,000 mm per m/s.
MAGNITUDE_OFFSET = float(np.log10(2800 * 1000 / (2 * np.pi * 5) / 1e9))


def main() -> None:
    """Walk the whole way in one folder, and say how near the catalogue came to the truth."""
    arguments = _arguments()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)

    print("1. Waveforms: an earthquake sequence, recorded by a small network as an SDS archive.")
    shaking = make_shaking(arguments.hours, arguments.events, arguments.stations, arguments.seed)
    shaking.stations.to_csv(folder / "stations.csv", index=False)
    files = write_sds(shaking, folder / "archive")
    print(f"   {len(files)} files under {folder / 'archive'}")

    print("2. Picks.")
    if arguments.bundle is None:
        picks = pick_archive(files)
        write_picks(
            picks, folder / "picks.csv", ["STA/LTA triggers, AIC onsets; amplitudes in counts, 2-15 Hz"]
        )
        print(f"   {len(picks)} picks by STA/LTA and AIC in {folder / 'picks.csv'}")
    else:
        terrella("pick", "run", folder / "archive", "--bundle", arguments.bundle, "--output", folder)

    print("3. Association: picks to events.")
    catalogue = folder / "catalogue.parquet"
    picks_file, stations_file = folder / "picks.csv", folder / "stations.csv"
    offset = f"{MAGNITUDE_OFFSET:.2f}"
    terrella(
        "pick", "associate", picks_file, "--stations", stations_file,
        "--output", catalogue, "--magnitude-offset", offset,
    )  # fmt: skip
    for line in compared(read_catalogue(catalogue)[0], shaking.events):
        print(f"   {line}")

    print("4. Forecast: the catalogue in, the probabilities of the next days out.")
    output = folder / "forecast.nc"
    terrella("forecast", "predict", "--bundle", "italy", "--catalogue", catalogue, "--output", output)


def pick_archive(files: list[Path]) -> pd.DataFrame:
    """Return the picks of all station-days of an SDS archive by STA/LTA and AIC, which need no training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        from obspy import read
    days: dict[tuple[str, str], dict[str, Path]] = {}
    for file in files:
        network, station, location, channel, _, year, day = file.name.split(".")
        days.setdefault((f"{network}.{station}.{location}", f"{year}.{day}"), {})[channel[-1]] = file
    rows = []
    for (trace_id, _), components in sorted(days.items()):
        traces = [read(str(components[letter])).merge()[0] for letter in "ZNE"]
        start = np.datetime64(traces[0].stats.starttime.datetime, "us")
        rate_hz = traces[0].stats.sampling_rate
        for pick in pick_record(np.stack([trace.data for trace in traces]), rate_hz):
            time = start + np.timedelta64(round(pick.sample / rate_hz * 1e6), "us")
            # No probability, but a trigger's ratio says likewise how clear it is; of its error nothing is known.
            rows.append((trace_id, pick.phase, time, 1 - 1 / pick.ratio, np.nan, pick.amplitude))
    return pd.DataFrame(rows, columns=list(PICK_COLUMNS)).sort_values(["time", "trace_id", "phase"])


def compared(found: Catalogue, truth: Catalogue) -> list[str]:
    """Return how many of the true events were found, how far from their places, and how many others."""
    apart_s = np.abs((found.time_utc[:, None] - truth.time_utc[None]) / np.timedelta64(1, "s"))
    # The nearest found event in time is the same one if it is less than 3 s away.
    pairs = [(int(i), event) for event, i in enumerate(apart_s.argmin(0)) if apart_s[i, event] < 3]
    one, other = (np.array(column, int) for column in zip(*pairs, strict=True))
    km = distance_km(found.longitude[one], found.latitude[one], truth.longitude[other], truth.latitude[other])
    magnitude = found.magnitude[one] - truth.magnitude[other]
    return [
        f"{len(pairs)} of {len(truth)} true events found, {len(found) - len(set(one))} that never were",
        f"median error {np.median(km):.2f} km; magnitudes {np.mean(magnitude):+.2f} ± {np.std(magnitude):.2f}",
    ]


def terrella(*arguments: object) -> None:
    """Run a command of Terrella, as one would type it."""
    words = [str(each) for each in arguments]
    print(f"   $ terrella {' '.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "terrella", *words], check=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="From waveforms to a forecast.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/waveforms_to_forecast"))
    parser.add_argument("--hours", type=int, default=2)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--stations", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bundle", help="a trained picker instead of STA/LTA and AIC")
    return parser.parse_args()


if __name__ == "__main__":
    main()
