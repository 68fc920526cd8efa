"""What the `plan` of every task can be asked for, and how a plan is shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from terrella.cli.flags import Processes
from terrella.cli.tasks import load_task

if TYPE_CHECKING:
    from terrella.engine.plan.strategy import Limits


@Parameter(name="*")
@dataclass(frozen=True)
class Limiting:
    """What a plan is made for and how far it may go.

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


def show_plan(task: str, settings: Any, samples: int | None, limiting: Limiting) -> None:
    """Print the plan of a task's stages, and write it into the run's folder.

    Raises:
        DoesNotFitError: where a stage fits in no way.
        InputError: where a device, a size or a duration is none.
    """
    import json
    from dataclasses import asdict

    from terrella.engine.plan.devices import find_device
    from terrella.engine.plan.plan import available_memory
    from terrella.engine.plan.report import reasons, table
    from terrella.engine.terminal import console, say
    from terrella.engine.workflow import plan_training

    limits = limits_of(limiting, available_memory(), _processes(limiting))
    made = plan_training(load_task(task), settings, samples, limits, find_device(limiting.on))
    if limiting.run is not None:
        made.save(limiting.run)
    if limiting.as_json:
        print(json.dumps(asdict(made), indent=1, ensure_ascii=False))
        return
    console().print(table(made))
    for line in reasons(made):
        say(line)


def limits_of(limiting: Limiting, memory: float, processes: tuple[int, ...]) -> "Limits":
    """Return the limits of a plan, with the RAM (bytes) and the numbers of processes where it names none.

    Raises:
        InputError: where a size or a duration is none.
    """
    from terrella.engine.plan.amounts import parse_duration, parse_size
    from terrella.engine.plan.strategy import Limits

    return Limits(
        parse_size(limiting.memory) if limiting.memory else memory,
        parse_size(limiting.device_memory) if limiting.device_memory else None,
        parse_duration(limiting.deadline) if limiting.deadline else None,
        processes,
    )


def _processes(limiting: Limiting) -> tuple[int, ...]:
    """Return the numbers of processes to try; of one host's processor they share the cores."""
    import torch

    if limiting.processes is not None:
        if limiting.on == "this" and not torch.cuda.is_available():
            torch.set_num_threads(max(1, torch.get_num_threads() // limiting.processes))
        return (limiting.processes,)
    devices = torch.cuda.device_count() if limiting.on == "this" else 0
    return tuple(number for number in (1, 2, 4, 8, 16) if number <= max(devices, 1))
