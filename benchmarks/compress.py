"""Forms of networks: time, size and scores beside the network by torch, and a picker's on continuous records.

Small trainings of `pick` and `segment` on made data are compressed as `terrella TASK compress` does. Of PhaseNet's
published weights, float32 and 8 bits by ONNX Runtime pick ten hours beside SeisBench, in one run, where
`--peer-python` names a Python that can import it; both are judged on the test split of the same data set.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from _result import write_result
from pick_continuous import DATA, make_samples, run_here, run_peer, shared, write_record

CONFIDENT = 0.5
STORE = str(DATA / "northern_california_local")
WEIGHTS = str(DATA / "phasenet_original.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter trainings")
    parser.add_argument("--peer-python", type=Path, help="a Python that can import seisbench")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        rows += of_published(work, options.peer_python)
        for task, settings in trainings(options.quick):
            rows += of_task(task, settings, work / task.name)
    from terrella.engine.compress.measure import processor

    notes = (
        f"on {processor()}; CPU of 16 samples at once, one thread; scores on the dev split, of the published "
        "weights on the test split; confident picks: those of the full network above 0.5, found within 0.02 s"
    )
    write_result("compress", rows, notes, options.quick)


def trainings(quick: bool) -> list[tuple[Any, Any]]:
    """Return the tasks with the settings of their trainings."""
    from terrella.pick.settings import DataSettings, FitSettings, PickSettings
    from terrella.pick.task import task as pick
    from terrella.segment import settings as segment_settings
    from terrella.segment.task import task as segment

    picked = PickSettings(
        data=DataSettings(sets=(f"synthetic:local:{200 if quick else 400}",)),
        fit=FitSettings(epochs=4 if quick else 8, batch=32, learning_rate=5e-3, windows_per_trace=2),
    )
    marked = segment_settings.SegmentSettings(
        data=segment_settings.DataSettings(
            surveys=8 if quick else 16, per_survey=4, shape=(64, 256), shares=(0.6, 0.2, 0.2)
        ),
        patch=segment_settings.PatchSettings(shape=(64, 128)),
        network=segment_settings.NetworkSettings(widths=(8, 16, 32)),
        fit=segment_settings.FitSettings(epochs=4 if quick else 8, batch=4, learning_rate=3e-3),
    )
    return [(pick, picked), (segment, marked)]


def of_task(task: Any, settings: Any, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a training's forms."""
    from terrella.engine.compress.command import compress
    from terrella.engine.workflow import train
    from terrella.errors import InputError

    train(task, folder, settings, quiet)
    table: list[dict[str, Any]] = []
    try:
        said = compress(task, folder, table.append, tolerance=0.05, epochs=max(2, settings.fit.epochs // 2))
        print(*said, sep="\n")
    except InputError as refused:
        print(refused)
    (shown,) = (each for each in table if each["kind"] == "table")
    columns = shown["columns"]
    forms = [dict(zip(columns, each, strict=True)) for each in shown["rows"]]
    full, *others = forms
    return [
        row for form in others if form["CPU ms"] != "–" for row in _of_form(task.name, form, full, columns)
    ]


def _of_form(
    task: str, form: dict[str, str], full: dict[str, str], columns: Sequence[str]
) -> list[dict[str, Any]]:
    name = f"{task}, {form['form']}"
    ours, peer = float(form["CPU ms"]), float(full["CPU ms"])
    rows = [line(f"{name}: a sample", ours, peer, "CPU ms", peer / ours)]
    size = [float(each["KiB"].replace(",", "")) for each in (form, full)]
    rows.append(line(f"{name}: bundle", size[0], size[1], "KiB", size[1] / size[0]))
    known = [score for score in columns[4:] if "–" not in (form[score], full[score])]
    rows += [line(f"{name}: {score}", float(form[score]), float(full[score]), "") for score in known]
    return rows


def of_published(work: Path, python: Path | None) -> list[dict[str, Any]]:
    """Return the rows of PhaseNet's published weights on ten hours of records."""
    bundles = published(work)
    record = work / "record.mseed"
    write_record(record, make_samples(), 3)
    picked = {}
    for name, bundle in bundles.items():
        run_here(record, str(bundle), work / f"{name}_first")
        picked[name] = run_here(record, str(bundle), work / name)
    sure = [each for each in picked["onnx"]["picks"] if each[2] > CONFIDENT]
    rows: list[dict[str, Any]] = []
    if python is not None:
        peer = run_peer(python, record, "phasenet", WEIGHTS, work / "peer.json")
        for name, found in picked.items():
            seconds = found["cpu_seconds"], peer["cpu_seconds"]
            what = f"published PhaseNet, {name}: reading and picking"
            rows.append({**line(what, *seconds, "CPU s", seconds[1] / seconds[0]), "peer_name": "SeisBench"})
    for name, found in picked.items():
        said = f"share of {len(sure)} confident picks"
        rows.append(line(f"published PhaseNet, {name}: found", shared(found["picks"], sure), None, said))
        scores = judged(bundles[name], work / f"{name}_judged")
        for score in ("p_rmse_s", "s_rmse_s"):
            value = scores[score]
            interval = f"s, [{value['low']:.3f}, {value['high']:.3f}]"
            rows.append(line(f"published PhaseNet, {name}: {score}", value["value"], None, interval))
    return rows


def published(work: Path) -> dict[str, Path]:
    """Write the published weights as bundles of two forms."""
    import torch

    from terrella.engine.compress.export import quantised
    from terrella.engine.compress.forms import as_onnx
    from terrella.engine.use.bundle import Bundle, save_bundle
    from terrella.pick.bundle import load_picker_network, picker_values
    from terrella.pick.compressing import compression
    from terrella.pick.data.open import open_store
    from terrella.pick.settings import DataSettings, PickSettings
    from terrella.pick.training import sources

    network, trained, _ = load_picker_network(WEIGHTS)
    full = Bundle("pick", network.state_dict(), picker_values(trained), "", "# PhaseNet\n")
    onnx = as_onnx(compression, network, full, "onnx", lambda: None)
    store = open_store(STORE, trained.rate_hz, quiet)
    _, dev = sources(trained, [store], PickSettings(data=DataSettings(sets=(STORE,))))
    seen = dev.read(torch.arange(len(dev)))["x"].numpy()
    small = replace(onnx, onnx=quantised(onnx.onnx, [[seen]]), form="int8")
    for name, bundle in (("onnx", onnx), ("int8", small)):
        save_bundle(work / f"{name}_bundle", bundle)
    return {name: work / f"{name}_bundle" for name in ("onnx", "int8")}


def judged(bundle: Path, folder: Path) -> dict[str, Any]:
    """Return the scores of a bundle on the test split."""
    from terrella.engine.run import Run
    from terrella.pick.judging.command import judge_bundles
    from terrella.pick.settings import JudgeSettings

    found = judge_bundles([bundle], STORE, "test", JudgeSettings(evaluations=0), Run(folder), quiet)
    scores: dict[str, Any] = next(iter(found.scores["models"].values()))
    return scores


def line(what: str, ours: float, peer: float | None, unit: str, ratio: float | None = None) -> dict[str, Any]:
    """Return a row; the peer is the network by torch."""
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": "float32 by torch",
        "unit": unit,
        "ratio": ratio,
    }


def quiet(event: Any) -> None:
    """Show nothing."""


if __name__ == "__main__":
    main()
