"""`terrella pick judge`: a trained picker beside classical ones, on one data set's three tasks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrella.engine.device import choose_device
from terrella.engine.judge import document
from terrella.engine.run import Report, Run, existing_run
from terrella.engine.settings import load_settings
from terrella.engine.task import Asked, Judging
from terrella.engine.use.bundle import load_bundle
from terrella.engine.workflow import leave_judging
from terrella.errors import InputError
from terrella.pick.bundle import TASK, load_picker_network
from terrella.pick.classical import BaerKradolferParameters, classical_pickers
from terrella.pick.classical.baer_search import search_baer_kradolfer
from terrella.pick.data.open import open_store
from terrella.pick.judging.cell import Judged, judge_picker
from terrella.pick.judging.network_picker import Network, NetworkPicker
from terrella.pick.judging.reporting import judging
from terrella.pick.judging.scores import SMALLER_IS_BETTER, paired
from terrella.pick.judging.target_files import read_targets, write_targets
from terrella.pick.judging.targets import Targets, make_targets
from terrella.pick.picker import Picker
from terrella.pick.settings import JudgeSettings, PickSettings
from terrella.pick.store import Store

_PICKS = 500  # that the search for Baer and Kradolfer's parameters scores on


def judge_given(
    run: Path | None,
    bundles: Sequence[str],
    data: str | None,
    split: str,
    output: Path | None,
    overrides: Mapping[str, Any],
    report: Report,
) -> Mapping[str, Any]:
    """Judge a run, or bundles and weights of none, and leave the results in a folder; return the scores.

    Raises:
        InputError: where the run, a bundle, the data or the targets are at fault.
    """
    if (run is None) == (not bundles):
        raise InputError("give either --run, the folder of a training, or --bundle with --data")
    if run is None and data is None:
        raise InputError("give --data, one data set to judge on")
    name = Path(str(data)).name.replace(":", "-")
    into = Run(output or run or Path("runs/pick") / f"{Path(bundles[0]).stem}-on-{name}")
    report = into.recorded(report)
    if run is not None:
        trained = existing_run(run)
        asked = Asked(trained, load_bundle(trained.bundle, TASK), split, data, overrides)
        found = judge_run(asked, report, into)
    else:
        settings = load_settings(JudgeSettings, None, overrides)
        found = judge_bundles(bundles, str(data), split, settings, into, report)
    leave_judging(into, found, report)
    return found.scores


def judge_run(asked: Asked, report: Report, into: Run | None = None) -> Judging:
    """Judge a run's picker and its baselines, by the settings of its bundle and those that are given instead.

    Raises:
        InputError: where the bundle, the data or the targets are at fault.
    """
    settings = asked.settings(PickSettings)
    sets = settings.data.sets if asked.data is None else (asked.data,)
    if len(sets) != 1:
        raise InputError(f"give --data, one data set to judge on; it was trained on {', '.join(sets)}")
    into = into or asked.run
    return judge_bundles([asked.run.bundle], sets[0], asked.split, settings.judge, into, report)


def judge_bundles(
    bundles: Sequence[str | Path], data: str, split: str, settings: JudgeSettings, run: Run, report: Report
) -> Judging:
    """Judge the picker that bundles make (three for DPP) and classical ones; the targets stay in the run's folder.

    Raises:
        InputError: where a bundle, the data or the targets are at fault.
    """
    picker = _picker(bundles, settings.device)
    store = open_store(data, picker.networks[0].architecture.rate_hz, report)
    dev, test = (_targets(settings, store, each) for each in ("dev", split))
    if not len(test.detection) and not len(test.phase):
        raise InputError(f"{store.name}: nothing to judge in the split {split!r}; choose another --split")
    judged = []
    pickers: list[Picker] = [picker, *classical_pickers(_tuned(dev, store, settings, report))]
    for each in pickers:
        report({"kind": "message", "message": f"judging {each.name} on {store.name}"})
        judged.append(judge_picker(each, store, dev, test, settings.seed, settings.resamples))
    if settings.targets is None:
        write_targets(test, store, run.folder / "targets")
    return judging(judged, scores_document(judged, store, split, settings))


def _tuned(
    dev: Targets, store: Store, settings: JudgeSettings, report: Report
) -> BaerKradolferParameters | None:
    """Return Baer and Kradolfer's parameters of the smallest RMSE on dev, None without a search."""
    if settings.evaluations == 0:
        return None
    try:
        found = search_baer_kradolfer(
            store, *dev.p_picks(), evaluations=settings.evaluations, picks=_PICKS, seed=settings.seed, report=report
        )  # fmt: skip
    except InputError as error:
        report({"kind": "message", "message": f"Baer and Kradolfer's parameters are not tuned: {error}"})
        return None
    tuned = f"RMSE {found.rmse_s:.2f} s on {found.picks:,} P picks of dev, {found.evaluations} evaluations"
    report({"kind": "message", "message": f"Baer and Kradolfer's parameters tuned: {tuned}"})
    return found.parameters


def scores_document(
    judged: Sequence[Judged], store: Store, split: str, settings: JudgeSettings
) -> dict[str, Any]:
    """Return the document of scores.json: the first picker with its gains over the others, and all cells."""
    first, *others = judged
    traces = len(store) if split == "all" else int((store.split == split).sum())
    data = f"{store.name}, {traces:,} traces at {store.rate_hz:g} Hz"
    pairs = [pair for other in others for pair in _gains(first, other, settings)]
    cells = {each.cell["picker"]: {**each.cell} for each in judged}
    models = {name: cell.pop("scores") for name, cell in cells.items()}
    return document.scores_document(data, split, {}, {}, pairs, {"models": models, "cells": cells})


def _gains(model: Judged, baseline: Judged, settings: JudgeSettings) -> list[document.Pair]:
    """Return by how much a model is better than a baseline: positive gains are better, of errors too."""
    thresholds = (model.thresholds, baseline.thresholds)
    found = paired(model.test, baseline.test, thresholds, settings.resamples, settings.seed)
    names = (model.cell["picker"], baseline.cell["picker"])
    return [
        (name, *names, -gain if name in SMALLER_IS_BETTER else gain)
        for name, gain in found.items()
        if not name.endswith(("_mean_s", "_median_s"))
    ]


def _picker(bundles: Sequence[str | Path], device: str) -> NetworkPicker:
    loaded = [load_picker_network(each)[:2] for each in bundles]
    networks = tuple(Network(module, architecture) for module, architecture in loaded)
    title = " + ".join(each.architecture.title for each in networks)
    return NetworkPicker(networks, title, str(choose_device(device)))


def _targets(settings: JudgeSettings, store: Store, split: str) -> Targets:
    if settings.targets is not None:
        return read_targets(Path(settings.targets), store, split)
    return make_targets(store, split, settings.seed)
