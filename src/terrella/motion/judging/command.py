"""A trained residual judged beside published models, regressions and boosting, on records they never saw."""

from pathlib import Path

from terrella.engine.judge.document import scores_document
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.motion.flatfile.table import numbered
from terrella.motion.judging.gains import gains, over_stations
from terrella.motion.judging.held import held_records, training_records
from terrella.motion.judging.reporting import made_report
from terrella.motion.judging.scores import UNITS, Resampled, blocks_of, minus_log2, resampled, residuals
from terrella.motion.model import network_of
from terrella.motion.settings import MotionSettings


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on records whose events and stations no model saw.

    Raises:
        InputError: where the split is empty, or the records are at fault.
    """
    settings = asked.settings(MotionSettings)
    network = network_of(asked.bundle)
    if asked.split == "dev":
        raise InputError(
            "motion has no dev split: folds leave out each record's event and station once, which is split test"
        )
    given = training_records(asked, settings, report)
    held = held_records(asked, settings, given, network, report)
    found: dict[str, list[Resampled]] = {}
    blocks, event = blocks_of(held.records, settings.judge.resamples), numbered(held.records.event)
    for name, of_model in residuals(held.records, held.medians).items():
        found[name] = [
            resampled(r, minus_log2(r, held.records, held.fold), event, blocks) for r in of_model.T
        ]
    measures = held.records.measures
    scores = {
        name: {
            f"{score}@{measures[k]}": value
            for k, each in enumerate(own)
            for score, value in each.intervals().items()
        }
        for name, own in found.items()
    }
    document = scores_document(
        Path(asked.data or settings.data.flatfile).name, asked.split, scores, UNITS, gains(found, measures),
        {"trusted": dict(zip(measures, asked.bundle.values["trusted"], strict=False)),
         "over_stations": over_stations(held, settings.judge.resamples)},
    )  # fmt: skip
    return made_report(network, given, held, document)
