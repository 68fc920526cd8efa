"""`terrella forecast plan` and its likes: memory and time of a training, before it begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter
from pydantic import BaseModel

from terrella.cli.flags import SETTINGS, Processes
from terrella.engine.settings import load_settings
from terrella.forecast.settings import ForecastSettings

if TYPE_CHECKING:
    from terrella.engine.plan.strategy import Need

Model = TypeVar("Model", bound=BaseModel)

ForecastOverrides = Annotated[ForecastSettings | None, SETTINGS]


@Parameter(name="*")
@dataclass(frozen=True)
class Asked:
    """What every plan is asked for.

    Parameters
    ----------
    run
        Folder of a run, into which plan.json is written; its settings are taken where it has some.
    config
        Settings as TOML; flags go before it.
    on
        Device: this, or one that you do not have, such as rtx-5080, rtx-4090, a100-40, h200; or a TOML file.
    memory
        RAM that the training may take, such as 8GB; by default what is free.
    device_memory
        Memory of the device that it may take, such as 12GB; by default all.
    deadline
        Time that it may take, such as 3h.
    processes
        Processes that share the training; by default one, or as many as the GPUs here and the limits ask for.
    as_json
        Print the plan as JSON.
    """

    run: Path | None = None
    config: Path | None = None
    on: str = "this"
    memory: str | None = None
    device_memory: str | None = None
    deadline: str | None = None
    processes: Processes = None
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False


def forecast_plan(
    *, samples: int | None = None, asked: Asked | None = None, settings: ForecastOverrides = None
) -> None:
    """Say how much memory the network's training takes and how long it lasts; nothing is read, nothing is trained.

    Example: terrella forecast plan --samples 728442 --fit.epochs 40 --on rtx-5080

    Parameters
    ----------
    samples
        Number of samples, in place of fit.samples.
    """
    from terrella.forecast.plan import needs

    show_plan("forecast", ForecastSettings, needs, samples, asked, settings)


def show_plan(
    task: str,
    kind: type[Model],
    needs: "Callable[[Model, int | None], Sequence[Need]]",
    samples: int | None,
    asked: Asked | None,
    settings: Model | None,
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

    asked = asked or Asked()
    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    processes = _processes(asked)
    stages = needs(load_settings(kind, asked.config or _settings_of(asked.run), overrides), samples)
    limits = Limits(
        parse_size(asked.memory) if asked.memory else available_memory(),
        parse_size(asked.device_memory) if asked.device_memory else None,
        parse_duration(asked.deadline) if asked.deadline else None,
        processes,
    )
    made = plan(task, stages, limits, find_device(asked.on))
    if asked.run is not None:
        made.save(asked.run)
    if asked.as_json:
        print(json.dumps(asdict(made), indent=1, ensure_ascii=False))
        return
    console = Console()
    console.print(table(made))
    for line in reasons(made):
        console.print(line, highlight=False, markup=False)


def _processes(asked: Asked) -> tuple[int, ...]:
    """Return the numbers of processes to try; of one host's processor they share the cores."""
    import torch

    if asked.processes is not None:
        if asked.on == "this" and not torch.cuda.is_available():
            torch.set_num_threads(max(1, torch.get_num_threads() // asked.processes))
        return (asked.processes,)
    devices = torch.cuda.device_count() if asked.on == "this" else 0
    return tuple(number for number in (1, 2, 4, 8, 16) if number <= max(devices, 1))


def _settings_of(run: Path | None) -> Path | None:
    return run / "settings.toml" if run is not None and (run / "settings.toml").is_file() else None
