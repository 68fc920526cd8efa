"""A trained network judged beside the table's inversion and regressions, on pressures and temperatures held out."""

from pathlib import Path

import numpy as np

from terrella.engine.judge.document import scores_document
from terrella.engine.judge.report import filled
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.interior.judging import sections
from terrella.interior.judging.scores import UNITS, compared, score
from terrella.interior.learning.samples import Prepared, Rocks, noise_of, of_cells, prepare
from terrella.interior.model import InteriorModel, model_of
from terrella.interior.opening import mark_of, open_grid
from terrella.interior.settings import InteriorSettings


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on cells whose pressure and temperature no model saw.

    Raises:
        InputError: where the table is at fault, or no longer that of the training.
    """
    settings = asked.settings(InteriorSettings)
    model = model_of(asked.bundle)
    given, rocks = _judged(asked, settings, model, report)
    scored = {name: score(model, name, rocks) for name in model.models.names}
    scores, pairs = compared(scored, rocks, settings.judge.resamples)
    tables = [asked.data] if asked.data else settings.data.tables
    name = ", ".join(Path(each).name for each in tables)
    document = scores_document(name, asked.split, scores, UNITS, pairs, {"trusted": model.trusted})
    told = sections.sections(document, model, given, rocks, scored)
    title = "Temperature of the interior: network and baselines"
    return Judging(document, title, sections.lead(document, asked.split), filled(told), sections.SHOWN)


def _judged(
    asked: Asked, trained: InteriorSettings, model: InteriorModel, report: Report
) -> tuple[Prepared, Rocks]:
    """Return the table and the rocks to judge: the training's split, or all cells of another table in its reach."""
    data = trained.data if asked.data is None else trained.data.model_copy(update={"tables": (asked.data,)})
    grid = open_grid(data, report)
    mark = mark_of(grid)
    if mark == asked.bundle.values["data_mark"]:
        given = prepare(grid, trained.data, mark)
        return given, given.parts[asked.split]
    if asked.data is None:
        raise InputError(
            f"the tables {', '.join(data.tables)} are no longer those that {asked.run.bundle} was trained on; name "
            "the table to judge on, or train again with another --run"
        )
    own = model.models.grid
    inside = [
        np.flatnonzero((axis >= known[0]) & (axis <= known[-1]))
        for axis, known in ((grid.pressure_gpa, own.pressure_gpa), (grid.temperature_k, own.temperature_k))
    ]
    if not all(len(each) for each in inside):
        raise InputError(f"{asked.data} has no cell within the pressures and temperatures of the training")
    draw = np.random.default_rng([data.seed, 3])
    rocks = of_cells(grid, inside[0], inside[1], max(1, data.repeats // 8), noise_of(data), draw)
    return Prepared(grid, own, noise_of(data), {}, mark), rocks
