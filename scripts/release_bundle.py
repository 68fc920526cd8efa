"""Make a run's bundle one that comes with the package: python scripts/release_bundle.py TASK RUN NAME.

Numbers but a grid's are kept in single precision; of a forecast's bundle, what only training needs is left out
(the background maps of the folds). With --b-from CATALOGUE the b-value of a forecast's ETAS is fitted anew to the
training window of its catalogue, all else stays as it was trained, and the card says so: RUN may be a released
bundle itself.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import torch

from terrella.earth.magnitude import b_value
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.forecast.preparation import cut
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.read import read_catalogue

RELEASED = Path(__file__).parents[1] / "src" / "terrella" / "released"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--b-from", type=Path, help="catalogue that the bundle was trained on")
    options = parser.parse_args()
    bundle = load_bundle(options.run, options.task)
    if options.b_from is not None:
        bundle = with_new_b(bundle, options.b_from)
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


def with_new_b(bundle: Bundle, path: Path) -> Bundle:
    """Return a forecast's bundle with the b-value of its training window as it is estimated today."""
    models = from_bundle(bundle)
    case = cut(read_catalogue(path)[0], models.settings)
    windows = case.windows
    training = case.catalogue.between(windows.date("train_start"), windows.date("validation_start"))
    law = b_value(training.magnitude, case.min_magnitude)
    before = models.etas.beta / math.log(10)
    values = {**bundle.values, "etas": {**bundle.values["etas"], "beta": law.beta}}
    told = f"- b-value: {law.b:.3f}, fitted anew to the training window; all else as it was trained"
    lines = [line for line in bundle.card.splitlines() if not line.startswith("- b-value")]
    after = next(i for i, line in enumerate(lines) if line.startswith("- ETAS")) + 1
    print(f"b-value: {before:.3f} -> {law.b:.3f}")
    return replace(bundle, values=values, card="\n".join([*lines[:after], told, *lines[after:]]) + "\n")


if __name__ == "__main__":
    main()
