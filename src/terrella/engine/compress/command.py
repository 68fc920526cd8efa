"""`terrella TASK compress`: the fastest form of a run's network that still scores as the network does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from terrella.engine.compress.forms import FORMS, Making, inputs, made
from terrella.engine.compress.judged import FULL, Judged, choose, named
from terrella.engine.compress.measure import cost, processor
from terrella.engine.compress.report import card_of, leave_report, shown_table
from terrella.engine.run import Report, Run, existing_run
from terrella.engine.settings import parse_settings
from terrella.engine.task import NETWORK, Asked, Compression, Data, Judging, Settings, Task
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.errors import InputError


def compress(
    task: Task[Settings, Data],
    folder: Path,
    report: Report,
    tolerance: float = 0.02,
    epochs: int | None = None,
    output: Path | None = None,
    forms: Sequence[str] = (),
) -> list[str]:
    """Make, measure and judge forms of a run's network; leave the bundle of the fastest that scores as well.

    A form is kept where each of the task's scores on the dev split is worse than the network's own by no more than
    `tolerance`, a share of it; without `forms` all are tried. Return lines on what is kept and where it lies.

    Raises:
        InputError: where the run has no dev split, or no form is both faster and as good: the bundle there stays.
    """
    if unknown := [name for name in forms if name not in FORMS]:
        raise InputError(f"--forms {unknown[0]}: there are {', '.join(FORMS)}")
    ways, run = _ways(task), existing_run(folder, task.name)
    into = Run(output or folder / "compressed")
    bundle = load_bundle(run.bundle, task.name)
    making = _opened(task, ways, run, bundle, into, epochs, report)
    judged, without, ways = _all(task, making, into, forms)
    kept = choose(judged, ways.scores, tolerance)
    last = {each.name: _judged_on(task, each, into, "test", ways, report) for each in (judged[0], kept)}
    save_bundle(into.bundle, replace(kept.bundle, card=card_of(bundle.card, judged, kept, ways, processor())))
    leave_report(into, task.name, judged, without, kept, last, ways, processor())
    faster = judged[0].cost.cpu_ms / kept.cost.cpu_ms
    return [
        f"{kept.name} is kept, {faster:.2g} times as fast as the network by torch: {into.bundle}",
        f"report: {into.report}",
    ]


def _ways(task: Task[Settings, Data]) -> Compression:
    if isinstance(task.compression, str):
        raise InputError(f"{task.name} has no smaller forms of its network: {task.compression}")
    return task.compression


def _opened(
    task: Task[Settings, Data], ways: Compression, run: Run, bundle: Bundle, into: Run, epochs: int | None,
    report: Report,
) -> Making:  # fmt: skip
    if bundle.form:
        raise InputError(
            f"{run.bundle} is compressed already ({bundle.form}); give the run that it was made of"
        )
    if NETWORK not in (used := ways.predicts(bundle)):
        raise InputError(
            f"{run.bundle} predicts with {', '.join(sorted(set(used)))}, since its network was no better: nothing "
            "to compress"
        )
    settings: Any = parse_settings(task.settings, bundle.settings, str(run.bundle))
    mark = str(bundle.values["fingerprint"])
    data = task.prepare(settings, task.open(settings, report).data, run, mark, report)
    spec = task.stages(settings, data, None)[-1]
    fed = spec.fed(None)
    if fed.checked is None or not len(fed.checked):
        raise InputError(
            f"{run.folder}: its data have no dev split, on which forms are calibrated and judged"
        )
    epochs = epochs or max(1, spec.need.epochs // 4)
    return Making(ways, bundle, spec, fed, into.folder / "forms", epochs, settings.fit.seed, mark, report)


def _all(
    task: Task[Settings, Data], making: Making, into: Run, forms: Sequence[str]
) -> tuple[list[Judged], dict[str, str], Compression]:
    """Return the network itself and its forms, judged on dev, why others cannot be made, and the scores by name."""
    done, without = [_judged(task, making, into, FULL, making.bundle)], {}
    before: dict[str, Bundle] = {}
    for name in forms or FORMS:
        _say(making.report, f"{name}: {FORMS[name]}")
        bundle = made(name, making, before)
        if isinstance(bundle, str):
            without[name] = bundle
            _say(making.report, f"{name} is left out: {bundle}")
            continue
        before[name] = bundle
        done.append(_judged(task, making, into, name, bundle))
    ways = replace(making.ways, scores=named(making.ways.scores, done[0]))
    making.report(shown_table(done, ways, without))
    return done, without, ways


def _judged(task: Task[Settings, Data], making: Making, into: Run, name: str, bundle: Bundle) -> Judged:
    folder = Run(into.folder / "forms" / name)
    save_bundle(folder.bundle, bundle)
    spent = cost(making.ways.network, folder.bundle, task.name, inputs(making, making.ways.timed))
    asked = Asked(folder, load_bundle(folder.bundle, task.name), "dev", None, making.ways.judge)
    return Judged(name, bundle, spent, task.judge(asked, _silent))


def _judged_on(
    task: Task[Settings, Data], form: Judged, into: Run, split: str, ways: Compression, report: Report
) -> Judging:
    folder = Run(into.folder / "forms" / form.name)
    return task.judge(Asked(folder, load_bundle(folder.bundle, task.name), split, None, ways.judge), _silent)


def _silent(event: Mapping[str, Any]) -> None:
    """Say nothing of what baselines do, form after form."""


def _say(report: Report, line: str) -> None:
    report({"kind": "message", "message": line})
