"""Make a run's bundle one that comes with the package: python scripts/release_bundle.py TASK RUN NAME.

Numbers but a grid's are kept in single precision; of a forecast's bundle, what only training needs is left out
(the background maps of the folds). With --refit CATALOGUE the b-value of a forecast's ETAS is fitted anew to the
training window of its catalogue, the recalibration and the network's gain to the dev window; all else stays as it
was trained, and the card says so: RUN may be a released bundle itself.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import torch

from terrella.earth.magnitude import b_value
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.forecast.card import make_card
from terrella.forecast.learning.recalibration import calibrate_all
from terrella.forecast.preparation import cut
from terrella.forecast.storage import from_bundle, to_bundle
from terrella.formats.catalogues.read import read_catalogue

RELEASED = Path(__file__).parents[1] / "src" / "terrella" / "released"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--refit", type=Path, help="catalogue that the bundle was trained on")
    options = parser.parse_args()
    bundle = load_bundle(options.run, options.task)
    if options.refit is not None:
        bundle = refitted(bundle, options.refit)
    tensors = {
        name: value.float()
        if value.dtype == torch.float64 and not name.startswith(("grid.", "maps.fold"))
        else value
        for name, value in bundle.tensors.items()
    }
    if "maps.background" in tensors:  # after the training window only the last map is asked for
        tensors["maps.background"] = tensors["maps.background"][-1:].clone()
    lines = [line for line in bundle.settings.splitlines() if not line.startswith("catalogue =")]
    folder = RELEASED / bundle.task / options.name
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_bundle(folder, replace(bundle, tensors=tensors, settings="\n".join(lines) + "\n"))
    size = sum(each.stat().st_size for each in folder.iterdir())
    print(f"{folder}: {size / 1e6:.2f} MB")


def refitted(bundle: Bundle, path: Path) -> Bundle:
    """Return a forecast's bundle with b-value, recalibration and gains as they are estimated today."""
    models = from_bundle(bundle)
    case = cut(read_catalogue(path)[0], models.settings)
    windows = case.windows
    training = case.catalogue.between(windows.date("train_start"), windows.date("validation_start"))
    law = b_value(training.magnitude, case.min_magnitude)
    print(f"b-value: {models.etas.beta / math.log(10):.3f} -> {law.b:.3f}")
    models = replace(models, etas=replace(models.etas, beta=law.beta))
    models = calibrate_all(models, case.catalogue, windows)
    for name, lines in models.calibrations.items():
        print(f"{name}: log μ = {lines[0].intercept:+.3f} + {lines[0].slope:.3f} log μ₀")
    told = "- fitted anew since the training: the b-value, the recalibration and the gains below"
    card = make_card(models, case, str(bundle.values["fingerprint"])).splitlines()
    after = next(i for i, line in enumerate(card) if line.startswith("- b-value")) + 1
    made = to_bundle(models, str(bundle.values["fingerprint"]))
    return replace(bundle, values=made.values, card="\n".join([*card[:after], told, *card[after:]]) + "\n")


if __name__ == "__main__":
    main()
