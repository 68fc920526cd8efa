"""Recalibrate the released forecast bundles on their dev windows by today's code; all else stays as it is.

The catalogues are read from TERRELLA_DATA (default ../shared/data).
"""

import sys
from dataclasses import replace

import torch

from terrella.engine.judge.document import signed
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.engine.use.find import RELEASED
from terrella.forecast.card import make_card
from terrella.forecast.learning.recalibration import calibrate_all
from terrella.forecast.preparation import cut
from terrella.forecast.storage import TASK, from_bundle, to_bundle
from terrella.formats.catalogues.read import read_catalogue
from terrella.real_data import data_folder

CATALOGUES = {
    "italy": "italy_horus.parquet",
    "world": "global_m45_2012_2018.comcat.csv.gz",
    "california": "california_m25.parquet",
}


def recalibrate(name: str) -> None:
    """Recalibrate one bundle, and say what changed."""
    folder = RELEASED / TASK / name
    bundle = load_bundle(folder, TASK)
    before = from_bundle(bundle)
    case = cut(read_catalogue(data_folder() / "forecast" / CATALOGUES[name])[0], before.settings)
    models = calibrate_all(before, case.catalogue, case.windows)
    mark = str(bundle.values["fingerprint"])
    save_bundle(folder, replace(to_bundle(models, mark), card=make_card(models, case, mark)))
    for horizon, days in enumerate(models.horizons_days):
        told = [f"{signed(each.gains[horizon])}, {each.used(horizon)}" for each in (before, models)]
        print(f"{name}, {days:g} d: {told[0]} before; {told[1]} now", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for asked in sys.argv[1:] or CATALOGUES:
        recalibrate(asked)
