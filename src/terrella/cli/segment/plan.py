"""`terrella segment plan`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from terrella.engine.settings import load_settings
from terrella.segment.settings import SegmentSettings

Overrides = Annotated[
    SegmentSettings | None,
    Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Settings"),
]
Json = Annotated[bool, Parameter(name="--json", negative=())]


def plan(
    *,
    run: Path | None = None,
    config: Path | None = None,
    samples: int | None = None,
    on: str = "this",
    memory: str | None = None,
    device_memory: str | None = None,
    deadline: str | None = None,
    as_json: Json = False,
    settings: Overrides = None,
) -> None:
    """Say how much memory a training takes and how long it lasts; no sample is read, nothing is trained.

    Example: terrella segment plan --patch.shape 4096 4096 --network.widths 8 16 32 64 128 256 512 --on rtx-5080

    Parameters
    ----------
    run
        Folder of a run, into which plan.json is written; its settings are taken where it has some.
    config
        Settings as TOML; flags go before it.
    samples
        Number of patches in an epoch, in place of those of the sections.
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
    from terrella.cli.plan import show_plan
    from terrella.segment.plan import needs

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if config is None and run is not None and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    chosen = load_settings(SegmentSettings, config, overrides)
    show_plan("segment", needs(chosen, samples), on, memory, device_memory, deadline, as_json, run)
