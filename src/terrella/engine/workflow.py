"""The verbs of every task: train, plan, judge, each once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Feed, Source, Streaming
from terrella.engine.fit import Report, Training, by_the_first, first_process_first, joined_processes
from terrella.engine.fit import train as fit
from terrella.engine.fit.parts import Loss
from terrella.engine.fit.processes import rank
from terrella.engine.fit.stage import Stage
from terrella.engine.fit.training import ignore
from terrella.engine.fit_settings import lasting
from terrella.engine.judge.document import add_to_card, scores_event, unjudged, write_rows
from terrella.engine.judge.figures import training_section
from terrella.engine.judge.report import Page, filled, write_report
from terrella.engine.memory import keep_freed_memory
from terrella.engine.plan.devices import Device
from terrella.engine.plan.follow import as_planned, explained, make_plan, planned_placement
from terrella.engine.plan.plan import Plan, plan
from terrella.engine.plan.strategy import Limits
from terrella.engine.run import Run, existing_run
from terrella.engine.settings import (
    fingerprint,
    load_settings,
    refuse_other_settings,
    refuse_other_task,
    save_settings,
    settings_text,
)
from terrella.engine.task import Asked, Data, Fed, Judging, Settings, StageSpec, Task, Trained
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.errors import InputError
from terrella.files import write_json

SPLITS = ("train", "dev", "test")


def train(
    task: Task[Settings, Data], folder: Path, settings: Settings, report: Report, planned: bool = False
) -> None:
    """Train the network of a run and leave its bundle; what an earlier call finished is not done again.

    Started by torchrun or srun, the processes share the training; the first one alone does what else there is.
    When `planned`, memory and time are planned first (`engine.plan`), and measured beside.

    Raises:
        InputError: where data or settings are at fault, or the run was begun with others.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    with joined_processes():
        run = Run(folder)
        _train(task, run, settings, by_the_first(run.recorded(report)), planned)


def plan_training(
    task: Task[Settings, Data],
    settings: Settings,
    samples: int | None,
    limits: Limits,
    device: Device | None = None,
) -> Plan:
    """Return the plan of a task's stages from its settings alone; no sample is read, nothing is trained.

    Raises:
        DoesNotFitError: where a stage fits in no way.
        InputError: where the settings are at fault.
    """
    return plan(task.name, [spec.need for spec in task.stages(settings, None, samples)], limits, device)


def judge(
    task: Task[Settings, Data],
    folder: Path,
    report: Report,
    split: str = "test",
    data: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Judge a run's network beside its baselines; leave scores.json, scores.csv, the report and its figures.

    Return the document of scores.json. `overrides` are settings of judging in place of the run's.

    Raises:
        InputError: where the run, its bundle or the data are at fault.
    """
    run = existing_run(folder, task.name)
    if split not in SPLITS:
        raise InputError(f"split {split!r}; there are {', '.join(SPLITS)}")
    model: Any = task.settings.model_fields["judge"].annotation
    chosen = load_settings(model, None, overrides or {}).model_dump(exclude_unset=True)
    return judge_bundle(task, Asked(run, load_bundle(run.bundle, task.name), split, data, chosen), report)


def judge_bundle(task: Task[Settings, Data], asked: Asked, report: Report) -> Mapping[str, Any]:
    """Judge what is asked for, and leave the results in its run's folder; return the document of scores.json."""
    report = asked.run.recorded(report)
    found = task.judge(asked, report)
    leave_judging(asked.run, found, report)
    return found.scores


def demonstrate(
    task: Task[Settings, Data],
    folder: Path,
    report: Report,
    settings: Settings,
    said: str,
    result: Callable[[Path, Settings], str] | None = None,
) -> None:
    """Train and judge in a run's folder; say first what on, and at last what there is to see of the result."""
    _say(report, said)
    train(task, folder, settings, report)
    judge(task, folder, report)
    if result is not None:
        report({"kind": "result", "message": result(folder, settings)})


def verbs(task: Task[Settings, Data]) -> tuple[Callable[..., None], Callable[..., Any], Callable[..., Any]]:
    """Return train, judge and predict of a task as Python has them."""

    def train_(run: Path | str, settings: Settings, report: Report | None = None) -> None:
        """Train in a run's folder and leave a bundle there; begun before, it goes on.

        Parameters
        ----------
        run : Path or str
            Folder of the run: settings, events, checkpoints, the bundle in `model`.
        settings : model of the task
            The task's settings; their fields say units.
        report : callable, optional
            Gets each event as a dictionary: messages, epochs with losses, durations in s.

        Raises
        ------
        InputError
            Where data or settings are at fault, or the run was begun with others.
        Interrupted
            After SIGTERM or Ctrl-C, with the state saved.
        """
        train(task, Path(run), settings, report or ignore)

    def judge_(
        run: Path | str,
        split: str = "test",
        data: Path | str | None = None,
        report: Report | None = None,
        **judging: Any,
    ) -> Mapping[str, Any]:
        """Judge a run's network beside its baselines, and leave scores and a report in the run's folder.

        Parameters
        ----------
        run : Path or str
            Folder of a training.
        split : {"train", "dev", "test"}
            What is judged; thresholds and all other choices come from dev.
        data : Path or str, optional
            Other data than those of the training, or where these have moved to.
        report : callable, optional
            Gets each event as a dictionary.
        **judging
            Settings of judging in place of the run's, such as resamples=200.

        Returns
        -------
        dict
            What scores.json holds: each model's scores with 95 % intervals and units (such as s or nats), and the
            network's paired gains.

        Raises
        ------
        InputError
            Where the run, its bundle or the data are at fault.
        """
        return judge(task, Path(run), report or ignore, split, None if data is None else str(data), judging)

    def predict_(
        given: Any, bundle: Path | str, output: Path | str, report: Report | None = None, **options: Any
    ) -> Sequence[str]:
        """Use a bundle on data of one's own, and write what it predicts.

        Parameters
        ----------
        given : Path or str
            What `terrella TASK predict` takes: a catalogue, waveforms or a section.
        bundle : Path or str
            Folder of a bundle or of a run, or the name of one.
        output : Path or str
            What to write.
        report : callable, optional
            Gets each event as a dictionary.
        **options
            Those of the command, with its units (such as times in UTC).

        Returns
        -------
        list of str
            Lines on what was written.

        Raises
        ------
        InputError
            Where the bundle or the data are at fault.
        """
        return task.predict(given, str(bundle), Path(output), report or ignore, **options)

    for verb in (train_, judge_, predict_):
        verb.__name__ = verb.__qualname__ = verb.__name__.rstrip("_")
    train_.__annotations__["settings"] = task.settings
    return train_, judge_, predict_


def leave_judging(run: Run, found: Judging, report: Report) -> None:
    """Write what judging found into a folder (scores, report, which ends with the training, card), and show it."""
    run.folder.mkdir(parents=True, exist_ok=True)
    write_json(run.scores, found.scores)
    write_rows(run.folder / "scores.csv", found.scores)
    mark = found.mark or f"{found.scores['data']}; {found.scores['split']}"
    sections = [*found.sections, *filled([training_section(run)])]
    write_report(Page(found.title, found.lead, mark, sections), run.report, run.figures)
    if (card := run.bundle / "card.md").is_file():
        add_to_card(card, found.scores, found.shown)
    report(scores_event(found.scores, found.shown))
    made = ["report.html", "scores.json", "scores.csv", "metrics.csv", "model", "figures"]
    present = ", ".join(name for name in made if (run.folder / name).exists())
    report({"kind": "result", "message": f"In {run.folder}: {present}"})


def _train(task: Task[Settings, Data], run: Run, settings: Settings, report: Report, planned: bool) -> None:
    refuse_other_task(run.settings, task.name)
    refuse_other_settings(run.settings, settings)
    opened = first_process_first(lambda: task.open(settings, report))
    mark = fingerprint(lasting(settings), *opened.marks)
    if rank() == 0:
        save_settings(settings, run.settings, task.name)
    if finished(run.bundle, task.name, mark):
        _say(report, f"this training is finished: {run.bundle}")
        return
    keep_freed_memory()
    data = first_process_first(lambda: task.prepare(settings, opened.data, run, mark, report))
    specs = task.stages(settings, data, None)
    made = None
    if planned:
        needs = [spec.need for spec in specs]
        made = first_process_first(lambda: make_plan(task.name, lambda: needs, run.folder, report))
    with explained(made):
        network = _fit(task, settings, data, specs, run, mark, report, made)
    if rank() > 0:
        return
    ended = task.finish(Trained(settings, data, network, run.best_loss(), mark, run), report)
    values = {**ended.values, "fingerprint": mark}
    card = unjudged(ended.card, task.name)
    save_bundle(run.bundle, Bundle(task.name, ended.tensors, values, settings_text(settings), card))
    for line in [*ended.said, f"the bundle is {run.bundle}"]:
        _say(report, line)


def _fit(
    task: Task[Settings, Data],
    settings: Settings,
    data: Data,
    specs: Sequence[StageSpec],
    run: Run,
    mark: str,
    report: Report,
    made: Plan | None,
) -> nn.Module:
    """Return the network with its best weights, on the CPU, trained as it was planned."""
    fit_settings: Any = settings.fit  # type: ignore[attr-defined]  # every task has them
    fed = [spec.fed(planned_placement(made, spec.need.name)) for spec in specs]
    for each in fed:
        checked = f", {len(each.checked):,} to validate" if each.checked is not None else ""
        _say(report, f"{len(each.learned):,} samples to train on{checked}")
    torch.manual_seed(fit_settings.seed)
    network = task.network(settings, data, fed).to(choose_device(fit_settings.device))
    stages = tuple(fed_stage(spec, each, fit_settings.seed) for spec, each in zip(specs, fed, strict=True))
    assert stages[0].loss is not None
    assert stages[0].feed is not None
    training = Training(
        network=network,
        loss=stages[0].loss,
        feed=stages[0].feed,
        stages=stages,
        validate=None,
        fingerprint=mark,
        sharded=any(spec.need.sharded for spec in specs),
        make_optimiser=specs[0].need.step.make_optimiser,
    )
    trained = fit(as_planned(training, made, run.folder), run, report).to("cpu")
    return trained.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]


def fed_stage(spec: StageSpec, fed: Fed, seed: int) -> Stage:
    """Return a stage with its feed, loss and validation."""
    step, checked = spec.need.step, fed.checked
    loss = fed.loss or step.loss
    batch = min(fed.batch or step.batch, len(fed.learned))
    at_once = fed.checked_at_once or -(-step.batch // step.accumulation)
    return replace(
        spec.stage,
        name=spec.need.name,
        epochs=spec.need.epochs,
        feed=Feed(fed.learned, batch, seed, mixed_chunks=fed.mixed_chunks),
        loss=loss,
        validate=None if checked is None else lambda network: mean_loss(network, checked, loss, at_once),
        accumulation=step.accumulation,
        precision=step.precision,
    )


@torch.no_grad()
def mean_loss(network: nn.Module, source: Source, loss: Loss, batch: int) -> float:
    """Return the loss over all samples of a source, so many at once."""
    parts: tuple[Tensor, ...] = torch.arange(len(source)).split(batch)  # type: ignore[no-untyped-call]
    batches = source.stream(parts, 1) if isinstance(source, Streaming) else map(source.read, parts)
    each = (float(loss(network, given)) * len(part) for part, given in zip(parts, batches, strict=True))
    return sum(each) / len(source)


def finished(folder: Path, task: str, mark: str) -> Bundle | None:
    """Return the bundle in a folder where it is that of these settings and data."""
    bundle = load_bundle(folder, task) if folder.is_dir() else None
    return bundle if bundle is not None and bundle.values.get("fingerprint") == mark else None


def _say(report: Report, line: str) -> None:
    report({"kind": "message", "message": line})
