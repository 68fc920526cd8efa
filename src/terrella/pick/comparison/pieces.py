"""The work of each kind of piece: stores, trainings, searches and judging. Other processes run these functions."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine import workflow
from terrella.engine.device import choose_device
from terrella.engine.memory import keep_freed_memory
from terrella.engine.run import Report, Run
from terrella.pick.bundle import load_picker_network
from terrella.pick.classical import AIC, STALTA, BaerKradolfer, BaerKradolferParameters
from terrella.pick.classical.baer_search import search_baer_kradolfer
from terrella.pick.comparison.answers import save_answers
from terrella.pick.comparison.combined import Combined
from terrella.pick.comparison.graph import Result
from terrella.pick.comparison.selection import CRITERIA, best_of_all, select
from terrella.pick.data.open import open_store
from terrella.pick.data.published import weights_file
from terrella.pick.data.store import store_fingerprint
from terrella.pick.data.store_files import holds_store, load_store, save_store
from terrella.pick.judging.cell import answer_targets, judge_answers
from terrella.pick.judging.network_picker import network_picker
from terrella.pick.judging.scores import choose_thresholds, intervals
from terrella.pick.judging.targets import make_targets
from terrella.pick.picker import Picker
from terrella.pick.settings import DataSettings, FitSettings, PickSettings
from terrella.pick.store import Store
from terrella.pick.task import task

COMMON_HZ = 100.0
PARTS = tuple(CRITERIA)
_MOST_OPEN = 4  # stores; they are memory-mapped, so that this is little memory


def make_store(
    arguments: Mapping[str, Any], results: Mapping[str, Result], place: Path, report: Report
) -> Result:
    """Open a data set at a rate; unless it is mapped from disk already, make its store in the piece's folder."""

    given, rate_hz = arguments["place"], arguments["rate_hz"]
    if holds_store(place):
        store, mapped = load_store(place), False
    else:
        store = open_store(given, rate_hz, report)
        mapped = isinstance(store.samples, np.memmap)
        if not mapped:
            save_store(store, place)
    splits = {name: int((store.split == name).sum()) for name in ("train", "dev", "test")}
    return {"kind": "store", "place": given if mapped else "", "rate_hz": rate_hz, "traces": splits}


def train(arguments: Mapping[str, Any], results: Mapping[str, Result], place: Path, report: Report) -> Result:
    """Train a network, and score it on the development split of its own data."""

    where, rate_hz = _store(results, place)
    names = ("learning_rate", "epochs", "batch", "patience", "windows_per_trace", "seed", "device")
    settings = PickSettings(
        network=arguments["network"],
        start_from=_start(arguments, results, place.parent),
        data=DataSettings(sets=(where,), rate_hz=rate_hz),
        fit=FitSettings(**{name: arguments[name] for name in names}),
    )
    run = Run(place)
    workflow.train(task, place, settings, report)
    store = _open(where, rate_hz)
    answers = answer_targets(
        _network(run.bundle, arguments["device"]), store, make_targets(store, "dev", arguments["seed"])
    )
    scores = intervals(answers, choose_thresholds(answers), resamples=1)
    dev = {score: scores[score].value for score, _ in CRITERIA.values() if score in scores}
    bundle = f"{place.name}/{run.bundle.name}"
    return {"kind": "training", "network": arguments["network"], "bundle": bundle, "dev": dev}


def search_baer(
    arguments: Mapping[str, Any], results: Mapping[str, Result], place: Path, report: Report
) -> Result:
    """Search Baer and Kradolfer's parameters on P picks of the development split of a data set."""

    store = _open(*_store(results, place))
    picks = make_targets(store, "dev", arguments["seed"]).p_picks()
    found = search_baer_kradolfer(store, *picks, **arguments, report=report)
    return {"kind": "search", **asdict(found)}


def judge(arguments: Mapping[str, Any], results: Mapping[str, Result], place: Path, report: Report) -> Result:
    """Judge a picker on both splits of a test set; its answers are kept beside, window by window.

    A picker may be several: each question is answered by the network and the learning rate selected for it.
    """
    keep_freed_memory()
    store = _open(*_store(results, place))
    pickers, bundles = _pickers(arguments["picker"], results, place.parent, arguments["device"])
    picker = Combined(arguments["name"], pickers)
    began = time.process_time()
    answers = {
        split: answer_targets(picker, store, make_targets(store, split, arguments["seed"]))
        for split in ("dev", "test")
    }
    seconds = time.process_time() - began
    windows = sum(len(each.targets.detection) + len(each.targets.phase) for each in answers.values())
    cell = judge_answers(
        picker.name, store, answers["dev"], answers["test"], arguments["seed"], arguments["resamples"]
    )
    file = f"{place.name}.npz"
    save_answers(place.parent / file, answers)
    answering = {"windows": windows, "cpu_seconds": round(seconds, 3)}
    return {"kind": "cell", "cell": cell, "bundles": bundles, "answers": file, "answering": answering}


def set_mark(place: str, rate_hz: float) -> str:
    """Return what changes when the files of a data set do; blank for one that is made or downloaded by its name."""

    folder = Path(place).expanduser()
    if not folder.exists():
        return ""
    return holds_store(folder) or store_fingerprint((folder,), rate_hz, "float32")


def weights_mark(place: str) -> str:
    """Return what changes when ready weights do; blank for those that are found by their name."""
    path = Path(weights_file(place)).expanduser()
    files = [path] if path.is_file() else sorted(path.glob("**/model.safetensors"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def network_of(place: str) -> str:
    """Return the name of the network of ready weights.

    Raises:
        InputError: where there are none.
    """

    return load_picker_network(Path(place).expanduser())[1].name


def _pickers(
    asked: Mapping[str, Any], results: Mapping[str, Result], folder: Path, device: str
) -> tuple[dict[str, Picker], dict[str, str]]:
    """Return the picker for each question, one object where it is the same, and where its weights lie."""
    match asked["kind"]:
        case "aic":
            onsets = AIC()
            return {"detection": STALTA(), "p": onsets, "s": onsets}, {}
        case "baer":
            search = next(each for each in results.values() if each["kind"] == "search")
            return {"p": BaerKradolfer(BaerKradolferParameters(**search["parameters"]))}, {}
        case "weights":
            network = _network(Path(asked["place"]).expanduser(), device)
            return dict.fromkeys(PARTS, network), dict.fromkeys(PARTS, asked["place"])
    bundles = _selected(asked["members"], results)
    networks = {bundle: _network(folder / bundle, device) for bundle in dict.fromkeys(bundles.values())}
    return {part: networks[bundle] for part, bundle in bundles.items()}, bundles


def _selected(members: Mapping[str, str], results: Mapping[str, Result]) -> dict[str, str]:
    """Return the bundle for each question: that of the learning rate selected for it."""
    found = {}
    for part, network in members.items():
        own = [each for each in results.values() if each["kind"] == "training" and each["network"] == network]
        chosen = select(own, part)
        if chosen is not None:
            found[part] = chosen["bundle"]
    return found


def _start(arguments: Mapping[str, Any], results: Mapping[str, Result], folder: Path) -> str | None:
    """Return the weights that fine-tuning starts from."""
    start = arguments.get("start")
    if start is None:
        return None
    if start["kind"] == "weights":
        return str(start["place"])
    own = [each for each in results.values() if each["kind"] == "training"]
    own = [each for each in own if each["network"] == arguments["network"]]
    return str(folder / best_of_all(own)["bundle"])


def _network(where: Path, device: str) -> Picker:
    return network_picker(*load_picker_network(where)[:2], device=str(choose_device(device)))


def _store(results: Mapping[str, Result], place: Path) -> tuple[str, float]:
    """Return where the store of a piece lies and its rate; it is the first that the piece needs."""
    name, store = next((name, each) for name, each in results.items() if each["kind"] == "store")
    return store["place"] or str(place.parent / name), store["rate_hz"]


@lru_cache(maxsize=_MOST_OPEN)
def _open(where: str, rate_hz: float) -> Store:
    """Return a store, opened once per process."""
    return open_store(where, rate_hz)
