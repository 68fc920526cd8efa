"""A trained forecast judged beside classical ones, at places and in years that it never saw."""

from pathlib import Path

from terrella.engine.judge.comparing import intervals
from terrella.engine.judge.document import scores_document
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.field.judging.explained import about
from terrella.field.judging.generations import read_generations, real_time
from terrella.field.judging.held import held_pairs, training_means
from terrella.field.judging.reporting import made_report
from terrella.field.judging.scores import UNITS, gains, over_areas, over_years
from terrella.field.model import network_of
from terrella.field.settings import FieldSettings


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on pairs whose region and years no network knew.

    Raises:
        InputError: where the split is none of this task's, or the annual means are at fault.
    """
    settings = asked.settings(FieldSettings)
    if asked.split != "test":
        raise InputError("field has the split test alone: each region and block of years is left out once")
    network = network_of(asked.bundle)
    given = training_means(asked, settings, report)
    held = held_pairs(asked, settings, given, network, settings.judge.areas, report)
    found = over_areas(held, settings.judge.resamples)
    generations = {}
    if settings.judge.generations is not None:
        generations = real_time(read_generations(Path(settings.judge.generations)), network, given)
    more = {
        "trusted": asked.bundle.values["trusted"], "over_years": over_years(held, settings.judge.resamples),
        "generations": generations, "horizon_years": settings.data.horizon_years,
    }  # fmt: skip
    document = scores_document(
        Path(asked.data or settings.data.observatories).name,
        asked.split,
        intervals(found),
        UNITS,
        gains(found),
        more,
    )
    return made_report(held, document, about(network, held, settings))
