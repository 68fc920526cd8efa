"""`terrella pick judge`: a trained picker beside classical ones, on one data set's three tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrella.engine.device import choose_device
from terrella.engine.judge.document import plain
from terrella.engine.run import Report, Run, existing_run
from terrella.errors import InputError
from terrella.files import write_json
from terrella.pick.bundle import load_picker_network, load_picker_settings
from terrella.pick.classical import BaerKradolferParameters, classical_pickers
from terrella.pick.classical.baer_search import search_baer_kradolfer
from terrella.pick.data.open import open_store
from terrella.pick.judging.cell import Judged, judge_picker
from terrella.pick.judging.network_picker import Network, NetworkPicker
from terrella.pick.judging.reporting import print_scores, write_judging
from terrella.pick.judging.scores import SMALLER_IS_BETTER, paired
from terrella.pick.judging.target_files import read_targets, write_targets
from terrella.pick.judging.targets import Targets, make_targets
from terrella.pick.picker import Picker, Windows
from terrella.pick.store import Store

_PICKS = 500  # that the search for Baer and Kradolfer's parameters scores on


@dataclass(frozen=True)
class Asked:
    """What is to be judged on what."""

    run: Path | None = None  # of a training; else the bundles
    bundles: Sequence[str] = ()  # of one picker: three for DPP
    data: str | None = None  # by default that of the run
    split: str = "test"
    targets: Path | None = None  # folder with task1.csv and task23.csv; else they are made
    output: Path | None = None
    seed: int = 0
    resamples: int = 1000
    evaluations: int = (
        50  # of the search for Baer and Kradolfer's parameters; 0 keeps those of common practice
    )
    device: str = "auto"


def judge(asked: Asked, report: Report) -> dict[str, Any]:
    """Judge a picker and its baselines; leave scores.json, report.html, figures and targets; return the scores.

    Raises:
        InputError: where the run, a bundle, the data or the targets are at fault.
    """
    picker, data, run = _prepared(asked)
    store = open_store(data, picker.networks[0].architecture.rate_hz, report)
    dev, test = (_targets(asked, store, split) for split in ("dev", asked.split))
    if not len(test.detection) and not len(test.phase):
        raise InputError(
            f"{store.name}: nothing to judge in the split {asked.split!r}; choose train, dev, test or all"
        )
    judged = []
    pickers: list[Picker] = [picker, *classical_pickers(_tuned(dev, store, asked, report))]
    for each in pickers:
        report({"kind": "message", "message": f"judging {each.name} on {store.name}"})
        judged.append(judge_picker(each, store, dev, test, asked.seed, asked.resamples))
    document = scores_document(judged, store, asked)
    run.folder.mkdir(parents=True, exist_ok=True)
    write_json(run.scores, document)
    if asked.targets is None:
        write_targets(test, store, run.folder / "targets")
    write_judging(run, judged, store.name, asked.split)
    print_scores(judged, store.name, asked.split)
    print(f"In {run.folder}: report.html, scores.json, figures/")
    return document


def _tuned(dev: Targets, store: Store, asked: Asked, report: Report) -> BaerKradolferParameters | None:
    """Return Baer and Kradolfer's parameters of the smallest RMSE on dev, None without a search."""
    some = Windows(dev.phase.trace[dev.is_p], dev.phase.start[dev.is_p], dev.phase.end[dev.is_p])
    if asked.evaluations == 0:
        return None
    try:
        found = search_baer_kradolfer(
            store, some, dev.onset[dev.is_p], evaluations=asked.evaluations, picks=_PICKS, seed=asked.seed,
            report=report,
        )  # fmt: skip
    except InputError as error:
        report({"kind": "message", "message": f"Baer and Kradolfer's parameters are not tuned: {error}"})
        return None
    tuned = f"RMSE {found.rmse_s:.2f} s on {found.picks:,} P picks of dev, {found.evaluations} evaluations"
    report({"kind": "message", "message": f"Baer and Kradolfer's parameters tuned: {tuned}"})
    return found.parameters


def scores_document(judged: Sequence[Judged], store: Store, asked: Asked) -> dict[str, Any]:
    """Return the document of scores.json: the first picker with its gains over the others, and all cells."""
    first, *others = judged
    return {
        "data": f"{store.name}, {len(store):,} traces at {store.rate_hz:g} Hz",
        "split": asked.split,
        "models": {each.cell["picker"]: each.cell["scores"] for each in judged},
        "paired": [pair for other in others for pair in _gains(first, other, asked)],
        "cells": {
            each.cell["picker"]: {key: value for key, value in each.cell.items() if key != "scores"}
            for each in judged
        },
    }


def _gains(model: Judged, baseline: Judged, asked: Asked) -> list[dict[str, Any]]:
    """Return by how much a model is better than a baseline: positive gains are better, of errors too."""
    thresholds = (model.thresholds, baseline.thresholds)
    more = paired(model.test, baseline.test, thresholds, asked.resamples, asked.seed)
    thresholds = (baseline.thresholds, model.thresholds)
    less = paired(baseline.test, model.test, thresholds, asked.resamples, asked.seed)
    found: Mapping[str, Any] = {
        name: less[name] if name in SMALLER_IS_BETTER else value
        for name, value in more.items()
        if not name.endswith(("_mean_s", "_median_s"))
    }
    names = {"score": "", "model": model.cell["picker"], "over": baseline.cell["picker"]}
    return [
        {**names, "score": score}
        | {("gain" if key == "value" else key): v for key, v in plain(value).items()}
        for score, value in found.items()
    ]


def _prepared(asked: Asked) -> tuple[NetworkPicker, str, Run]:
    """Return the picker, the name of the data, and the folder that the results go to."""
    if (asked.run is None) == (not asked.bundles):
        raise InputError("give either --run, the folder of a training, or --bundle with --data")
    sets: Sequence[str] = ()
    bundles: Sequence[str | Path] = asked.bundles
    if asked.run is not None:
        run = existing_run(asked.run)
        bundles, sets = [run.bundle], load_picker_settings(run.bundle).data.sets
    data = asked.data
    if data is None:
        if len(sets) != 1:
            known = f"; it was trained on {', '.join(sets)}" if sets else ""
            raise InputError(f"give --data, one data set to judge on{known}")
        data = sets[0]
    device = str(choose_device(asked.device))
    loaded = [load_picker_network(each)[:2] for each in bundles]
    networks = tuple(Network(module, architecture) for module, architecture in loaded)
    title = " + ".join(each.architecture.title for each in networks)
    output = (
        asked.output or asked.run or Path("runs/pick") / f"{Path(str(bundles[0])).stem}-on-{_short(data)}"
    )
    return NetworkPicker(networks, title, device), data, Run(output)


def _short(data: str) -> str:
    return Path(data).name.replace(":", "-")


def _targets(asked: Asked, store: Store, split: str) -> Targets:
    if asked.targets is not None:
        return read_targets(asked.targets, store, split)
    return make_targets(store, split, asked.seed)
