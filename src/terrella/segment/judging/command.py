"""`terrella segment judge`: a trained U-Net beside classical detectors, on sections of groups it never saw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrella.engine.device import choose_device
from terrella.engine.judge.document import plain
from terrella.engine.run import Report, existing_run
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError
from terrella.files import write_json
from terrella.segment.bundle import TASK, load_segmenter
from terrella.segment.card import add_scores
from terrella.segment.data.sections import Entry, data_mark, of_split, open_sections
from terrella.segment.judging.judged import Judged, judge_scorer
from terrella.segment.judging.reporting import print_scores, write_judging
from terrella.segment.judging.results import UNITS, gains, intervals
from terrella.segment.judging.scorers import baseline_scorers, segmenter_scorer
from terrella.segment.settings import JudgeSettings, SegmentSettings

_SEED = 0  # of resamples


def judge(folder: Path, split: str, overrides: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Judge a run's network and the baselines; leave scores.json, report.html and figures; return the scores.

    Thresholds come from the dev split; `overrides` are settings of judging in place of the run's.

    Raises:
        InputError: where the run or its data are at fault.
    """
    run = existing_run(folder)
    trained = load_segmenter(run.bundle)
    entries = open_sections(trained.settings.data)
    _check_same_data(run.bundle, entries)
    chosen = trained.settings.judge.model_copy(update=overrides)
    trained.network.to(choose_device(trained.settings.fit.device))
    dev, test = of_split(entries, "dev"), of_split(entries, split)
    if not test:
        raise InputError(f"{run.folder}: no section in the split {split!r}; choose train, dev or test")
    onsets = test[0].load().arrivals is not None
    scorers = [segmenter_scorer(trained), *baseline_scorers(onsets)]
    judged = []
    for scorer in scorers:
        report({"kind": "message", "message": f"judging {scorer.name} on {len(test):,} sections"})
        judged.append(judge_scorer(scorer, dev, test, chosen))
    document = scores_document(judged, trained.settings, split, chosen)
    write_json(run.scores, document)
    write_judging(run, scorers, judged, test, document, chosen)
    add_scores(run.bundle / "card.md", document)
    print_scores(document)
    print(f"In {run.folder}: report.html, scores.json, figures/")
    return document


def scores_document(
    judged: Sequence[Judged], trained: SegmentSettings, split: str, settings: JudgeSettings
) -> dict[str, Any]:
    """Return the document of scores.json: all models, and the gains of the first over the others."""
    first, *others = judged
    models = {
        each.name: {
            name: {**plain(value), "unit": UNITS[name]}
            for name, value in intervals(each, settings.resamples, _SEED).items()
        }
        for each in judged
    }
    paired = [
        {"score": score, "model": first.name, "over": other.name}
        | {("gain" if key == "value" else key): value for key, value in plain(gain).items()}
        for other in others
        for score, gain in gains(first, other, settings.resamples, _SEED).items()
    ]
    groups = len(set(first.groups))
    return {
        "data": f"{trained.data.sections}, {len(first.groups):,} sections of {groups:,} groups",
        "split": split,
        "models": models,
        "paired": paired,
        "judge": settings.model_dump(mode="json"),
        "thresholds": {
            each.name: {
                "sample": each.chosen.threshold,
                "detection": float(each.chosen.levels[each.chosen.level]),
                "delay_samples": float(each.chosen.shifts[each.chosen.level]),
            }
            for each in judged
        },
    }


def _check_same_data(bundle: Path, entries: Sequence[Entry]) -> None:
    """Refuse data that are not those of the training: what was trained on could be judged on."""
    known = load_bundle(bundle, TASK).values["data_mark"]
    if data_mark(entries) != known:
        raise InputError(
            f"the sections are no longer those that {bundle} was trained on; a section of training might be "
            "judged. Train again, with another --run"
        )
