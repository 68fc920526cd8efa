"""Make a run's bundle one that comes with the package: python scripts/release_bundle.py TASK RUN NAME.

Numbers but a grid's are kept in single precision; of a forecast's bundle, what only training needs is left out (the
background maps of the folds).
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from terrella.engine.use.bundle import load_bundle, save_bundle

RELEASED = Path(__file__).parents[1] / "src" / "terrella" / "released"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    options = parser.parse_args()
    bundle = load_bundle(options.run, options.task)
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


if __name__ == "__main__":
    main()
