"""A trained surface judged beside classical ones, at blocks that were held out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terrella.engine.judge.comparing import intervals
from terrella.engine.judge.document import scores_document
from terrella.engine.judge.report import Section, Table, filled, gain_tables, score_tables
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.surface.judging import explained, pictures
from terrella.surface.judging.resemblance import resemblance
from terrella.surface.judging.scores import UNITS, gains, resampled
from terrella.surface.learning.finishing import held_out
from terrella.surface.learning.held_out import Surfaces, surfaces
from terrella.surface.learning.prepared import prepare
from terrella.surface.learning.windows import FILL, REFINE
from terrella.surface.model import network_of
from terrella.surface.opening import mark_of, open_surface
from terrella.surface.settings import SurfaceSettings

_SHOWN = [
    ("rmse@refine", "refined: RMSE", 2, 1.0), ("crps@refine", "CRPS", 2, 1.0),
    ("rmse@fill", "filled: RMSE", 1, 1.0), ("crps@fill", "CRPS", 1, 1.0),
]  # fmt: skip
_LOOKS = (
    ("slope", "slope", 2, 1.0),
    ("curvature", "curvature", 2, 1.0),
    ("spectrum", "spectrum (decades)", 2, 1.0),
    ("drainage", "channels found (%)", 0, 100.0),
)


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on held-out blocks.

    Raises:
        InputError: where the split is none, or the grid is at fault or not the one that was learned.
    """
    settings = asked.settings(SurfaceSettings)
    if asked.split not in ("test", "dev"):
        raise InputError(f"surface has the splits test and dev; got {asked.split!r}")
    place = settings.data.grid if asked.data is None else asked.data
    data = settings.data.model_copy(update={"grid": place})
    grid = open_surface(data, report)
    given = prepare(grid, settings.model_copy(update={"data": data}), mark_of(grid))
    if asked.data is None and given.mark != asked.bundle.values["data_mark"]:
        raise InputError(
            f"{place} is not the grid that {asked.run.folder} was trained on; give it by its path to judge by "
            "another"
        )
    network = network_of(asked.bundle)
    found: dict[str, Surfaces] = {}
    scores: dict[str, dict[str, Any]] = {}
    for kind, held in held_out(given, settings, asked.split).items():
        report(
            {
                "kind": "message",
                "message": f"{len(held.windows)} windows of {len(set(held.block))} blocks: {kind}",
            }
        )
        found[kind] = surfaces(network, given, settings, held, settings.judge.members)
        for name, own in resampled(found[kind], kind, settings.judge.resamples).items():
            scores.setdefault(name, {}).update(own)
    units = UNITS | {"rmse": grid.unit or "1", "crps": grid.unit or "1"}
    more = {
        "unit": grid.unit, "trusted": {kind: asked.bundle.values[f"trusted_{kind}"] for kind in (REFINE, FILL)},
        "resemblance": {kind: resemblance(each, given.blocks) for kind, each in found.items()},
    }  # fmt: skip
    document = scores_document(Path(place).name, asked.split, intervals(scores), units, gains(scores), more)
    return _report(found, document, settings, grid.unit)


def _report(
    found: Mapping[str, Surfaces],
    document: Mapping[str, Any],
    settings: SurfaceSettings,
    unit: str,
) -> Judging:
    looks = [
        table
        for kind, head in ((REFINE, "Block means refined"), (FILL, "Gaps filled"))
        for table in score_tables(
            f"{head}: one sample of each model, or its estimate",
            document["models"],
            [
                (f"{score}@{kind}", said, digits, times)
                for score, said, digits, times in _LOOKS
                if kind == REFINE or score != "spectrum"
            ],
        )
    ]
    examples = [pictures.example(found[kind], kind, unit) for kind in (REFINE, FILL)]
    sections = [
        Section("Scores", explained.about(settings, document), _errors(document), [pictures.errors(document)]),
        Section("Examples", "", [], examples),
        Section(
            "Likeness", explained.LOOKS, [*looks, *_likeness(document)],
            [pictures.spectra(found[REFINE], document, settings.data.factor)],
        ),
        Section("What cannot be generated", explained.GENERATION, [_choice(document)]),
    ]  # fmt: skip
    return Judging(
        document,
        "Surfaces: network and classical methods",
        explained.lead(document),
        filled(sections),
        _SHOWN,
    )


def _errors(document: Mapping[str, Any]) -> list[Table]:
    unit = f" ({document['unit']})" if document["unit"] else ""
    tables = []
    for kind, head in ((REFINE, "Block means refined"), (FILL, "Gaps filled")):
        columns = [
            (f"rmse@{kind}", f"RMSE{unit}", 2, 1.0),
            (f"crps@{kind}", f"CRPS{unit}", 2, 1.0),
            (f"coverage80@{kind}", "in 80 % (%)", 0, 100.0),
        ]
        tables += score_tables(f"{head}, held-out blocks", document["models"], columns)
        pairs = [each for each in document["paired"] if each["score"].endswith(kind)]
        gained = [(f"rmse@{kind}", "RMSE", 2, 1.0), (f"crps@{kind}", "CRPS", 2, 1.0)]
        tables += gain_tables(f"By how much the network's scores are smaller{unit}", pairs, gained)
    return tables


def _likeness(document: Mapping[str, Any]) -> list[Table]:
    return [
        Table(
            f"Patches, {'block means refined' if kind == REFINE else 'gaps filled'} (units of the truth's "
            "deviation)",
            ["sliced Wasserstein", "to the nearest learned patch"],
            [(name, [f"{apart:.3f}", f"{near:.3f}"]) for name, (apart, near) in own.items()],
            [3, 3],
        )
        for kind, own in document["resemblance"].items()
    ]


def _choice(document: Mapping[str, Any]) -> Table:
    rows = [(kind, [document["trusted"][kind]]) for kind in (REFINE, FILL)]
    return Table("What `predict` uses, chosen by the dev blocks", ["method"], rows, [0])
