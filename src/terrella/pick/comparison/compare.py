"""`terrella pick compare`: every picker, trained on every set, judged on every set, and a recommendation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from terrella.engine.device import choose_device
from terrella.engine.judge import plain
from terrella.engine.run import Report, Run
from terrella.engine.settings import load_settings, refuse_other_task, save_settings
from terrella.errors import TerrellaError
from terrella.files import replace_file, write_json
from terrella.pick.comparison.answers import differences
from terrella.pick.comparison.cost import costs
from terrella.pick.comparison.findings import Findings
from terrella.pick.comparison.graph import Outcome, execute
from terrella.pick.comparison.matrix import Judged, long_table
from terrella.pick.comparison.pieces import COMMON_HZ
from terrella.pick.comparison.plan import Asked, is_classical, named_sets, plan, target_names
from terrella.pick.comparison.recommendation import Advice, one_for_all, recommend
from terrella.pick.comparison.report import show_comparison, write_comparison
from terrella.pick.comparison.settings import CompareSettings
from terrella.pick.comparison.words import resampling_words
from terrella.pick.data.locate import check_source

_TASK = "pick compare"
_ON_A_GPU = 4  # processes that share it


def compare(
    run: Path,
    settings: CompareSettings,
    report: Report,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Findings:
    """Train, search and judge all that the settings ask for, write the report, and show the recommendation.

    The run's folder keeps every finished piece; killed and called again, it goes on with what is missing. It gets
    matrix.csv (all scores, long), scores.json, report.html and figures/.

    Parameters
    ----------
    run : Path
        Folder of the comparison.
    settings : CompareSettings
        What is compared; the fields say units.
    report : callable
        Gets each event as a dictionary.
    scheduler : str, optional
        Address of a Dask scheduler whose workers see the same folders.
    workers : int, optional
        Processes of this machine that do the work otherwise; one per core by default.

    Returns
    -------
    Findings
        All scores (onset errors in s), costs in CPU seconds, and the advice for each test set.

    Raises
    ------
    InputError
        Where the settings name something that there is not.
    TerrellaError
        At the end, where pieces failed; what could be done is done and reported.
    """
    folder = Run(run)
    report = folder.recorded(report)
    with folder.claimed():
        refuse_other_task(folder.settings, _TASK)
        if folder.settings.is_file():
            load_settings(CompareSettings, folder.settings)  # a run of before says no task
        asked = plan(settings)
        for place in named_sets(settings).values():
            check_source(place)
        save_settings(settings, folder.settings, _TASK)
        pieces = run / "pieces"
        if workers is None and scheduler is None and choose_device(settings.device).type == "cuda":
            workers = _ON_A_GPU
        outcome = execute([each.piece for each in asked], pieces, report, scheduler, workers)
        found = _findings(asked, outcome, pieces, settings)
        if found.judged:
            _write(folder, found)
            show_comparison(found, report)
    if outcome.failures:
        first = next(iter(outcome.failures.items()))
        raise TerrellaError(
            f"{len(outcome.failures)} pieces failed and {len(outcome.left_out)} wait for them; "
            f"the first is {first[0]}: {first[1]}; the rest is in {folder.report}; type the same command again to "
            "try anew"
        )
    return found


def _findings(asked: Sequence[Asked], outcome: Outcome, pieces: Path, settings: CompareSettings) -> Findings:
    targets = target_names(settings)
    done = [each for each in asked if each.piece.name in outcome.results]
    judged = [_judged(each, outcome.results[each.piece.name], pieces, targets) for each in done]
    spent = {
        j.picker: _summed([outcome.results[piece.name]["cost"] for piece in each.training])
        for j, each in zip(judged, done, strict=True)
        if each.training
    }
    cost = costs(judged, spent)
    inference = {name: each.inference_cpu_seconds for name, each in cost.items()}
    classical = list(dict.fromkeys(each.picker for each in judged if is_classical(each.method)))
    difference = differences(settings.resamples, settings.seed)
    advice, overall = [], []
    for target in targets:
        on = [each for each in judged if each.native and each.test_set == target]
        advice += recommend(on, classical, inference, difference)
        if (one := one_for_all(on)) is not None:
            overall.append(_overall(target, *one, len(on)))
    resampling = [
        line
        for test in dict.fromkeys(each.test_set for each in judged if not each.native)
        for line in resampling_words(judged, test)
    ]
    waiting = Counter(outcome.left_out.values())
    failures = [
        f"{name}: {line}" + (f"; {waiting[name]} other pieces wait for it" if waiting[name] else "")
        for name, line in outcome.failures.items()
    ]
    return Findings(judged, classical, cost, advice, overall, resampling, failures, settings)


def _judged(asked: Asked, result: Mapping[str, Any], pieces: Path, targets: Sequence[str]) -> Judged:
    return Judged(
        method=asked.method,
        train_set=asked.train_set,
        test_set=asked.test_set,
        target=asked.test_set in targets,
        rate_hz=asked.rate_hz,
        native=asked.rate_hz == COMMON_HZ,
        cell={**result["cell"], "cost": {**result["answering"], "peak_mib": result["cost"]["peak_mib"]}},
        bundles={part: _place(pieces, bundle) for part, bundle in result["bundles"].items()},
        answers=str(pieces / result["answers"]),
    )


def _place(pieces: Path, bundle: str) -> str:
    """Return where weights lie: a trained bundle in the run's folder, or what the user named."""
    return str(pieces / bundle) if (pieces / bundle).exists() else bundle


def _summed(spent: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        "cpu_seconds": sum(each["cpu_seconds"] for each in spent),
        "peak_mib": max(each["peak_mib"] for each in spent),
    }


def _overall(target: str, chosen: Judged, rank: float, pickers: int) -> str:
    return (
        f"One picker for everything on {target}: {chosen.picker}, whose mean rank over detection, phase and "
        f"onsets is {rank:.1f} among {pickers} on the development split."
    )


def _write(run: Run, found: Findings) -> None:
    table = long_table(found.judged)
    replace_file(run.folder / "matrix.csv", lambda path: table.to_csv(path, index=False))
    models: dict[str, dict[str, Any]] = {}
    for each in [judged for judged in found.judged if judged.native]:
        own = {f"{score}@{each.test_set}": entry for score, entry in each.cell["scores"].items()}
        models.setdefault(each.picker, {}).update(own)
    document = {
        "data": ", ".join(found.tests),
        "split": "test",
        "models": models,
        "paired": [pair for advice in found.advice for pair in _pairs(advice)],
        "cost": {
            name: {k: None if v != v else v for k, v in asdict(c).items()} for name, c in found.costs.items()
        },
        "recommendation": [_chosen(advice) for advice in found.advice],
    }
    write_json(run.scores, document)
    write_comparison(run, found)


def _pairs(advice: Advice) -> list[dict[str, Any]]:
    return [
        {"score": f"{advice.score.name}@{advice.test_set}", "model": advice.chosen.picker, "over": gain.over}
        | {("gain" if key == "value" else key): value for key, value in plain(gain.gain).items()}
        for gain in advice.gains
    ]


def _chosen(advice: Advice) -> dict[str, Any]:
    return {
        "test_set": advice.test_set,
        "score": advice.score.name,
        "picker": advice.chosen.picker,
        "weights": advice.weights,
        "threshold": None if advice.threshold != advice.threshold else advice.threshold,
        "reason": advice.reason.value,
        "not_separated_from": [name for name in (advice.best, *advice.alike) if name != advice.chosen.picker],
    }
