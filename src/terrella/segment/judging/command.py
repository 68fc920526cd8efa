"""A trained U-Net judged beside classical detectors, on sections of groups it never saw."""

from collections.abc import Sequence

from terrella.engine.device import choose_device
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.segment.bundle import segmenter_of
from terrella.segment.data.sections import Entry, data_mark, of_split, open_sections
from terrella.segment.judging.judged import judge_scorer
from terrella.segment.judging.reporting import made_report
from terrella.segment.judging.results import scores_document
from terrella.segment.judging.scorers import baseline_scorers, segmenter_scorer


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge a network and its baselines; thresholds come from the dev split, whichever split is judged.

    Raises:
        InputError: where the split is empty, or the sections are not those of the training.
    """
    trained = segmenter_of(asked.bundle, str(asked.run.bundle))
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
    document = scores_document(judged, trained.settings, asked.split, chosen)
    return made_report(scorers, judged, test, document, chosen)


def _check_same_data(asked: Asked, entries: Sequence[Entry]) -> None:
    """Refuse data that are not those of the training: what was trained on could be judged on."""
    if data_mark(entries) != asked.bundle.values["data_mark"]:
        raise InputError(
            f"the sections are no longer those that {asked.run.bundle} was trained on; a section of training might "
            "be judged. Train again, with another --run"
        )
