"""Probabilities of a section of 4096×4096 samples by the forms of a U-Net: CPU seconds and scores; one thread.

A U-Net of the default widths is trained on modelled sections for a few epochs. Each
form of it goes through `terrella segment predict` in a process of its own. All are
judged on the test split; the peer is the network by torch in float32.
"""

import argparse
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from _command import command_seconds
from _result import write_result

FORMS = ("onnx", "bf16", "onnx-bf16")
SCORES = ("average_precision", "iou", "onset_mae_s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a section of 1024×1024")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        bundles = trained(work, quick)
        size = 1024 if quick else 4096
        section = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
        np.save(work / "section.npy", section)
        took = {form: predicted(bundle, work, form) for form, bundle in bundles.items()}
        scores = {form: judged(bundle) for form, bundle in bundles.items()}
    full, *forms = bundles
    rows = []
    for form in forms:
        ratio = took[full] / took[form]
        rows.append(row(f"{form}: a section of {size}×{size}", took[form], took[full], "CPU s", ratio))
        for score in SCORES:
            ours, peer = scores[form][score], scores[full][score]
            if None in (ours["value"], peer["value"], peer["low"]):
                continue  # where nothing is found, onsets have no errors
            interval = f"the peer's interval [{peer['low']:.4f}, {peer['high']:.4f}]"
            rows.append(row(f"{form}: {score}", ours["value"], peer["value"], interval))
    from terrella.engine.compress.measure import processor

    notes = f"on {processor()}; `terrella segment predict` without imports, reading and writing with it"
    write_result("segment_predict", rows, notes, quick)


def trained(work: Path, quick: bool) -> dict[str, Path]:
    """Return the folders of a trained network and of its forms."""
    import torch

    from terrella.engine.compress.forms import as_onnx
    from terrella.engine.use.bundle import load_bundle, save_bundle
    from terrella.engine.workflow import train
    from terrella.segment import settings as of
    from terrella.segment.compressing import compression
    from terrella.segment.task import task

    settings = of.SegmentSettings(
        data=of.DataSettings(
            surveys=8 if quick else 16, per_survey=4, shape=(64, 256), shares=(0.6, 0.1, 0.3)
        ),
        patch=of.PatchSettings(shape=(64, 128)),
        fit=of.FitSettings(epochs=2 if quick else 6, batch=4, learning_rate=3e-3),
    )
    train(task, work / "run", settings, quiet)
    full = load_bundle(work / "run", "segment")
    folders = {"float32": work / "run" / "model"}
    network = compression.network(full)
    for form in FORMS:
        folders[form] = work / form
        if form == "bf16":
            tensors = {key: value.to(torch.bfloat16) for key, value in full.tensors.items()}
            save_bundle(folders[form], replace(full, tensors=tensors, form=form))
        else:
            save_bundle(folders[form], as_onnx(compression, network, full, form, lambda: None))
    return folders


def predicted(bundle: Path, work: Path, form: str) -> float:
    """Predict the section; return the CPU seconds."""
    target = work / f"{form}.zarr"
    subprocess.run(["rm", "-rf", str(target)], check=True)
    said = [str(work / "section.npy"), "--bundle", str(bundle), "-o", str(target), "--interval", "0.002"]
    return command_seconds(["segment", "predict", *said], work, ["torch", "zarr", "onnxruntime", "openvino"])


def judged(bundle: Path) -> dict[str, Any]:
    """Return a bundle's scores on the test split, with intervals."""
    from terrella.engine.run import Run
    from terrella.engine.task import Asked
    from terrella.engine.use.bundle import load_bundle
    from terrella.segment.task import task

    found = task.judge(Asked(Run(bundle.parent), load_bundle(bundle, "segment"), "test", None, {}), quiet)
    scores: dict[str, Any] = next(iter(found.scores["models"].values()))
    return scores


def row(what: str, ours: float, peer: float, unit: str, ratio: float | None = None) -> dict[str, Any]:
    cells = {"what": what, "ours": ours, "peer": peer, "peer_name": "float32 by torch", "unit": unit}
    return {**cells, "ratio": ratio}


def quiet(event: Any) -> None:
    """Show nothing."""


if __name__ == "__main__":
    main()
