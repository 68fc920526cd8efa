"""`terrella forecast plan` and `terrella pick plan`: memory and time of a training, before it begins."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from terrella.engine.settings import load_settings
from terrella.forecast.settings import ForecastSettings
from terrella.pick.settings import PickSettings

if TYPE_CHECKING:
    from terrella.engine.plan.strategy import Need

ForecastOverrides = Annotated[
    ForecastSettings | None,
    Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Settings"),
]
PickOverrides = Annotated[
    PickSettings | None,
    Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Settings"),
]
Json = Annotated[bool, Parameter(name="--json", negative=())]


def forecast_plan(
    *,
    run: Path | None = None,
    config: Path | None = None,
    samples: int | None = None,
    on: str = "this",
    memory: str | None = None,
    device_memory: str | None = None,
    deadline: str | None = None,
    as_json: Json = False,
    settings: ForecastOverrides = None,
) -> None:
    """Say how much memory the network's training takes and how long it lasts; nothing is read, nothing is trained.

    Example: terrella forecast plan --samples 728442 --fit.epochs 40 --on rtx-5080

    Parameters
    ----------
    run
        Folder of a run, into which plan.json is written; its settings are taken where it has some.
    config
        Settings as TOML; flags go before it.
    samples
        Number of samples, in place of fit.samples.
    on
        Device: this, or one that you do not have, such as rtx-5080, rtx-4090, a100-40, h200; or a TOML file.
    memory
        RAM that the training may take, such as 8GB; by default what is free.
    device_memory
        Memory of the device that it may take, such as 12GB; by default all.
    deadline
        Time that it may take, such as 3h.
    as_json
        Print the plan as JSON.
    """
    from terrella.forecast.plan import needs

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    chosen = load_settings(ForecastSettings, config or _settings_of(run), overrides)
    show_plan("forecast", needs(chosen, samples), on, memory, device_memory, deadline, as_json, run)


def pick_plan(
    *,
    run: Path | None = None,
    config: Path | None = None,
    samples: int | None = None,
    on: str = "this",
    memory: str | None = None,
    device_memory: str | None = None,
    deadline: str | None = None,
    as_json: Json = False,
    settings: PickOverrides = None,
) -> None:
    """Say how much memory a picker's training takes and how long it lasts; nothing is read, nothing is trained.

    Example: terrella pick plan --network eqtransformer --samples 50000 --memory 8GB

    Parameters
    ----------
    run
        Folder of a run, into which plan.json is written; its settings are taken where it has some.
    config
        Settings as TOML; flags go before it.
    samples
        Number of traces to train on; 50,000 where it is not given.
    on
        Device: this, or one that you do not have, such as rtx-5080, rtx-4090, a100-40, h200; or a TOML file.
    memory
        RAM that the training may take, such as 8GB; by default what is free.
    device_memory
        Memory of the device that it may take, such as 12GB; by default all.
    deadline
        Time that it may take, such as 3h.
    as_json
        Print the plan as JSON.
    """
    from terrella.pick.plan import needs

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    chosen = load_settings(PickSettings, config or _settings_of(run), overrides)
    show_plan("pick", needs(chosen, samples), on, memory, device_memory, deadline, as_json, run)


def show_plan(
    task: str,
    stages: "Sequence[Need]",
    on: str,
    memory: str | None,
    device_memory: str | None,
    deadline: str | None,
    as_json: bool,
    run: Path | None,
) -> None:
    """Print the plan of a task's stages, and write it into the run's folder.

    Raises:
        DoesNotFitError: where a stage fits in no way.
        InputError: where a device, a size or a duration is none.
    """
    import json
    from dataclasses import asdict

    from rich.console import Console

    from terrella.engine.plan.amounts import parse_duration, parse_size
    from terrella.engine.plan.devices import find_device
    from terrella.engine.plan.plan import available_memory, plan
    from terrella.engine.plan.report import reasons, table
    from terrella.engine.plan.strategy import Limits

    limits = Limits(
        parse_size(memory) if memory else available_memory(),
        parse_size(device_memory) if device_memory else None,
        parse_duration(deadline) if deadline else None,
    )
    made = plan(task, stages, limits, find_device(on))
    if run is not None:
        made.save(run)
    if as_json:
        print(json.dumps(asdict(made), indent=1, ensure_ascii=False))
        return
    console = Console()
    console.print(table(made))
    for line in reasons(made):
        console.print(line, highlight=False, markup=False)


def _settings_of(run: Path | None) -> Path | None:
    return run / "settings.toml" if run is not None and (run / "settings.toml").is_file() else None
