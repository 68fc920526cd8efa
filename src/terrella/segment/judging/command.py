"""A trained U-Net judged beside classical detectors, on sections of groups it never saw."""

from collections.abc import Sequence
from typing import Any

from terrella.engine.device import choose_device
from terrella.engine.judge import document
from terrella.engine.judge.comparing import intervals
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.segment.bundle import segmenter_of
from terrella.segment.data.sections import Entry, data_mark, of_split, open_sections
from terrella.segment.judging.equal_alarms import SCORE, detected_at, equal_rate
from terrella.segment.judging.judged import Judged, judge_scorer
from terrella.segment.judging.reporting import made_report
from terrella.segment.judging.resampled import UNITS, gains, resampled_scores
from terrella.segment.judging.scorers import baseline_scorers, segmenter_scorer
from terrella.segment.settings import JudgeSettings, SegmentSettings


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge a network and its baselines; thresholds come from the dev split, whichever split is judged.

    Raises:
        InputError: where the split is empty, or the sections are not those of the training.
    """
    trained = segmenter_of(asked.bundle)
    data = trained.settings.data
    where = data if asked.data is None else data.model_copy(update={"sections": asked.data})
    entries = open_sections(where, report)
    _check_same_data(asked, entries)
    chosen = trained.settings.judge.model_copy(update=dict(asked.judge))
    trained.network.to(choose_device(trained.settings.fit.device))
    dev, test = of_split(entries, "dev"), of_split(entries, asked.split)
    if not test:
        raise InputError(
            f"{asked.run.folder}: no section in the split {asked.split!r}; choose train, dev or test"
        )
    onsets = test[0].load().arrivals is not None
    scorers = [segmenter_scorer(trained), *baseline_scorers(onsets)]
    judged = []
    for scorer in scorers:
        report({"kind": "message", "message": f"judging {scorer.name} on {len(test):,} sections"})
        judged.append(judge_scorer(scorer, dev, test, chosen))
    found = scores_document(judged, trained.settings, asked.split, chosen)
    return made_report(scorers, judged, test, found, chosen)


def scores_document(
    judged: Sequence[Judged], trained: SegmentSettings, split: str, settings: JudgeSettings
) -> dict[str, Any]:
    """Return the document of scores.json: all models, and the gains of the first over the others."""
    first, *others = [each.name for each in judged]
    found = {each.name: resampled_scores(each, settings.resamples) for each in judged}
    more: dict[str, Any] = {"judge": settings.model_dump(mode="json"), "thresholds": _thresholds(judged)}
    if (rate := equal_rate(judged, settings)) is not None:
        more["equal_false_alarms"] = {"rate": rate, "per": settings.per}
        for each in judged:
            found[each.name][SCORE] = detected_at(each, rate, settings)
    paired = [
        (score, first, other, gain)
        for other in others
        for score, gain in gains(found[first], found[other]).items()
    ]
    n, groups = len(judged[0].groups), len(set(judged[0].groups))
    counts = f"{n:,} section{'s' * (n != 1)} of {groups:,} group{'s' * (groups != 1)}"
    data = f"{trained.data.sections}, {counts}"
    return document.scores_document(data, split, intervals(found), UNITS | {SCORE: ""}, paired, more)


def _thresholds(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    return {
        each.name: {
            "sample": each.chosen.threshold,
            "detection": float(each.chosen.levels[each.chosen.level]),
            "delay_samples": float(each.chosen.shifts[each.chosen.level]),
        }
        for each in judged
    }


def _check_same_data(asked: Asked, entries: Sequence[Entry]) -> None:
    """Refuse data that are not those of the training: what was trained on could be judged on."""
    if data_mark(entries) != asked.bundle.values["data_mark"]:
        raise InputError(
            f"the sections are no longer those that {asked.run.bundle} was trained on; a section of training might "
            "be judged. Train again, with another --run"
        )
