"""Forms of networks: time, size and scores beside the network by torch, and a picker's on continuous records.

Small trainings of `pick` and `segment` on made data, and the demos of the other tasks, are compressed as `terrella
TASK compress` does, also where `predict` would use a classical model. Of PhaseNet's published weights, float32 and
8 bits by ONNX Runtime pick ten hours beside SeisBench, in one run, where `--peer-python` names a Python that can
import it; both are judged on the test split of the same data set.

    python benchmarks/compress.py --quick                        # pick, segment and interior in small
    python benchmarks/compress.py --tasks surface --runs runs    # the demo in runs/surface; other rows stay
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from _result import RESULTS, write_result
from pick_continuous import DATA, make_samples, run_here, run_peer, shared, write_record

Form = tuple[float, float, dict[str, float]]
CONFIDENT = 0.5
PUBLISHED, TRAINED = "published", ("pick", "segment")
DEMOS = "interior", "surface", "literature", "forecast", "weather"
STORE = str(DATA / "northern_california_local")
WEIGHTS = str(DATA / "phasenet_original.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter trainings")
    parser.add_argument("--peer-python", type=Path, help="a Python that can import seisbench")
    parser.add_argument("--tasks", nargs="*", choices=(PUBLISHED, *TRAINED, *DEMOS))
    parser.add_argument(
        "--runs", type=Path, help="folder of demos by task, made or compressed there before or now"
    )
    options = parser.parse_args()
    tasks = options.tasks or (PUBLISHED, *TRAINED, *(("interior",) if options.quick else DEMOS))
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        if PUBLISHED in tasks:
            rows += of_published(work, options.peer_python)
        for task, settings in trainings(options.quick):
            if task.name in tasks:
                rows += of_training(task, settings, work / task.name)
        for each in (each for each in DEMOS if each in tasks):
            rows += of_demo(each, (options.runs or work) / each)
    if options.tasks and (before := RESULTS / "compress.json").is_file():
        known = json.loads(before.read_text(encoding="utf-8"))["rows"]
        rows = [each for each in known if not each["what"].startswith(tuple(tasks))] + rows
    from terrella.engine.compress.measure import processor

    notes = (
        f"on {processor()}; CPU of a sample, so many at once as in use, one thread; scores on the dev split, of "
        "the published weights on the test split; confident picks: those of the full network above 0.5, found "
        "within 0.02 s"
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


def of_training(task: Any, settings: Any, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a training's forms."""
    from terrella.engine.workflow import train

    train(task, folder, settings, quiet)
    return of_run(task, folder, 0.05, max(2, settings.fit.epochs // 2))


def of_demo(name: str, folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the forms of a demo's network, whatever it predicts with."""
    from terrella.cli.tasks import load_task
    from terrella.engine.task import network_alone

    task = load_task(name)
    task = replace(task, compression=replace(task.compression, predicts=network_alone))
    if not (folder / "model").is_dir():
        task.demo(folder, quiet)
    return of_run(task, folder, 0.02, None)


def of_run(task: Any, folder: Path, tolerance: float, epochs: int | None) -> list[dict[str, Any]]:
    """Return the rows of the forms of a run's network."""
    full, *others = found(task, folder, tolerance, epochs).items()
    return [row for form in others for row in _of_form(task.name, form, full[1])]


def found(task: Any, folder: Path, tolerance: float, epochs: int | None) -> dict[str, Form]:
    """Return the forms of a run's network, the network itself first: CPU ms, KiB and scores."""
    from terrella.engine.compress.command import compress
    from terrella.errors import InputError

    document, table = folder / "compressed/compress.json", list[dict[str, Any]]()
    if not document.is_file():
        try:
            print(*compress(task, folder, table.append, tolerance, epochs), sep="\n")
        except InputError as refused:
            print(refused)
    if document.is_file():
        forms = json.loads(document.read_text(encoding="utf-8"))["forms"]
        return {
            name: (own["cpu_ms"], own["bytes"] / 1024, {s: v["value"] for s, v in own["scores"].items()})
            for name, own in forms.items()
        }
    (shown,) = (each for each in table if each["kind"] == "table")
    return {
        name: (float(ms), float(size.replace(",", "")), {
            score: float(value) for score, value in zip(shown["columns"][4:], scores, strict=True) if value != "–"
        })
        for name, size, ms, _, *scores in shown["rows"] if ms != "–"
    }  # fmt: skip


def _of_form(task: str, named: tuple[str, Form], full: Form) -> list[dict[str, Any]]:
    name, (ours, size, scores) = f"{task}, {named[0]}", named[1]
    rows = [
        line(f"{name}: a sample", ours, full[0], "CPU ms", full[0] / ours),
        line(f"{name}: bundle", size, full[1], "KiB", full[1] / size),
    ]
    return rows + [line(f"{name}: {score}", scores[score], full[2][score], "") for score in scores]


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
