"""The commands that all tasks share, made of the registry; the others are a task's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from cyclopts import App, Parameter
from cyclopts.validators import Number

from terrella.cli.explaining import explain_command
from terrella.cli.flags import OUTPUT, SETTINGS, Processes, bundle_there, shown
from terrella.cli.planning import Limiting, show_plan
from terrella.cli.tasks import TASKS, Door, check_inputs, load_task, named, own_commands, settings_model
from terrella.engine.settings import load_settings
from terrella.engine.start import train_together
from terrella.engine.terminal import say
from terrella.files import must_exist

VERBS = ("demo", "data", "plan", "train", "judge", "predict", "show")  # that every task has
COMMON = ("plan", "train", "judge", "show")  # of these, the ones made here, where a task has none of its own

Split = Literal["train", "dev", "test"]


def task_app(name: str) -> App:
    """Return the commands of a task: those of all tasks, and its own."""
    door = TASKS[name]
    app = App(name=name, help=door.about)
    own = own_commands(door)
    common = {"plan": _plan, "train": _train, "judge": _judge, "show": _show}
    names = [*VERBS, *(each for each in own.__all__ if each not in VERBS)]
    if door.asked:
        app.command(explain_command(name, door), name="explain")
    app.command(_compress(name), name="compress")
    for verb in names:
        command = getattr(own, verb) if verb in own.__all__ else common[verb](name, door)
        app.command(command, name=verb)
    return app


def _train(name: str, door: Door) -> Callable[..., None]:
    model: Any = settings_model(door)

    def train(
        given: Any = None,
        *,
        run: Path,
        config: Path | None = None,
        plan: bool = True,
        processes: Processes = None,
        settings: Any = None,
    ) -> None:
        chosen = chosen_settings(name, run, config, given, settings)
        check_inputs(door, chosen)
        if train_together(name, run, chosen, plan, processes):
            return

        from terrella.engine.workflow import train as run_train

        following = f"terrella {name} judge --run {run}"
        shown(lambda report: run_train(load_task(name), run, chosen, report, plan), following)

    train.__doc__ = f"""Train the network of a run, and fit what it stands on. Typed again, it goes on.

    Example: terrella {name} train {door.examples["train"]}

    Parameters
    ----------
    given
        {door.given_means}
    run
        Folder of the run.
    config
        Settings as TOML, such as settings.toml of an earlier run; flags go before it.
    plan
        Plan memory and time first, some seconds' work, and follow that plan; or the one that `plan` left in RUN.
    processes
        Processes on this host that share the training; by default as the plan in RUN says, else one.
    """
    return _typed(train, given=_given(door), settings=Annotated[model | None, SETTINGS])


def _plan(name: str, door: Door) -> Callable[..., None]:
    model: Any = settings_model(door)

    def plan(
        given: Any = None,
        *,
        samples: int | None = None,
        limiting: Limiting | None = None,
        settings: Any = None,
    ) -> None:
        limiting = limiting or Limiting()
        chosen = chosen_settings(name, limiting.run, limiting.config, given, settings)
        show_plan(name, chosen, samples, limiting)

    plan.__doc__ = f"""Say how much memory a training takes and how long it lasts; nothing is read or trained.

    Example: terrella {name} plan {door.examples["plan"]}

    Parameters
    ----------
    given
        {door.given_means}
    samples
        Number of samples in an epoch, in place of those of the data or the settings.
    """
    return _typed(plan, given=_given(door), settings=Annotated[model | None, SETTINGS])


def _judge(name: str, door: Door) -> Callable[..., None]:
    model: Any = settings_model(door).model_fields["judge"].annotation

    def judge(given: Any = None, *, run: Path, split: Split = "test", settings: Any = None) -> None:
        from terrella.engine.run import existing_run

        existing_run(run, name)  # before what judges is imported
        from terrella.engine.workflow import judge as run_judge

        overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
        data = None if given is None else str(given)
        shown(lambda report: run_judge(load_task(name), run, report, split, data, overrides))

    judge.__doc__ = f"""Score a run's network beside its baselines, with intervals, a report and figures.

    Thresholds and all other choices come from the dev split, whichever split is judged.

    Example: terrella {name} judge {door.examples["judge"]}

    Parameters
    ----------
    given
        Other data than those of the training, or where these have moved to: {door.given_means}
    run
        Folder of a training; the results go there.
    split
        Split that is judged.
    """
    judge_flags = Annotated[model | None, Parameter(name="judge", negative_iterable=(), group="Settings")]
    return _typed(judge, given=_given(door), settings=judge_flags)


def _show(name: str, door: Door) -> Callable[..., None]:
    def show(run: Path) -> None:
        must_exist(run / "scores.json", f"the scores of a judged run (terrella {name} judge)")
        from terrella.engine.judge.document import lines_of_scores

        for line in lines_of_scores(run, named(door.shows)):
            say(line)

    show.__doc__ = f"""Print a run's scores, what the network gains over the other models, and what `predict` uses.

    Example: terrella {name} show runs/{name}/demo

    Parameters
    ----------
    run
        Folder of a judged run.
    """
    return show


def predicted(name: str, given: Path, means: str, bundle: str, output: Path, **options: Any) -> None:
    """Use a bundle on a file, which means what it says; both are looked for before what predicts is imported."""
    bundle_there(bundle, name)
    must_exist(given, means)
    shown(lambda report: load_task(name).predict(given, bundle, output, report, **options))


def _compress(name: str) -> Callable[..., None]:
    def compress(
        *,
        run: Path,
        output: Annotated[Path | None, OUTPUT] = None,
        tolerance: Annotated[float, Parameter(validator=Number(gte=0))] = 0.02,
        epochs: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
        forms: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())] = (),
    ) -> None:
        from terrella.engine.run import existing_run

        existing_run(run, name)  # before what compresses is imported
        from terrella.engine.compress.command import compress as run_compress

        task = load_task(name)
        shown(lambda report: run_compress(task, run, report, tolerance, epochs, output, forms))

    compress.__doc__ = f"""Make a run's network smaller and faster, and keep the fastest form that scores as well.

    Forms are float32 and 8 bits by ONNX Runtime, bfloat16, pruned and distilled networks. Each is measured on
    this machine and judged on the dev split as the network was. `predict` takes the bundle in OUTPUT as the run's.

    Example: terrella {name} compress --run runs/{name}/demo

    Parameters
    ----------
    run
        Folder of a training.
    output
        Folder for the bundle, the report and the table; by default `compressed` in the run's.
    tolerance
        Largest share of a score that a form may lose.
    epochs
        Epochs of pruned and distilled networks; by default a quarter of the training's.
    forms
        Forms to try; by default all: onnx, int8, bf16, onnx-bf16, pruned, distilled, distilled-int8.
    """
    return compress


def _given(door: Door) -> Any:
    """Return the type of the positional input, which can be given by the name of its setting too."""
    short = door.given.rsplit(".", 1)[-1].replace("_", "-")
    return Annotated[str | None, Parameter(name=f"--{short}")]


def _typed(function: Callable[..., None], **types: Any) -> Callable[..., None]:
    function.__annotations__ |= types
    return function


def chosen_settings(
    task: str, run: Path | None, config: Path | None, given: str | None, settings: Any
) -> Any:
    """Return the settings: flags over a file of settings, by default that of the run where it has one."""
    door = TASKS[task]
    model: Any = settings_model(door)
    overrides: dict[str, Any] = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if given is not None:
        table, name = door.given.split(".")
        several = get_origin(model.model_fields[table].annotation.model_fields[name].annotation) is tuple
        overrides.setdefault(table, {})[name] = (given,) if several else given
    if config is None and run is not None and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    return load_settings(model, config, overrides, task)
