"""`terrella segment train`."""

from pathlib import Path
from typing import Annotated

from terrella.cli.flags import SETTINGS, Processes
from terrella.engine.settings import load_settings
from terrella.engine.start import train_together
from terrella.segment.settings import SegmentSettings

Overrides = Annotated[SegmentSettings | None, SETTINGS]


def train(
    *,
    run: Path,
    config: Path | None = None,
    plan: bool = True,
    processes: Processes = None,
    settings: Overrides = None,
) -> None:
    """Train a U-Net on labelled sections or volumes: synthetic ones, or files that a table names.

    Typed again, it goes on.

    Example: terrella segment train --data.sections faults.csv --patch.shape 128 128 --run runs/segment/faults

    Parameters
    ----------
    run
        Folder of the run.
    config
        Settings as TOML, such as settings.toml of an earlier run; flags go before it.
    plan
        Plan memory and time first, some seconds' work, and follow that plan; or the one that `plan` left in RUN.
    processes
        Processes on this host that share the training; by default as the plan in RUN says, else one.
    """
    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if config is None and not overrides and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    chosen = load_settings(SegmentSettings, config, overrides)
    if train_together("segment", run, chosen, plan, processes):
        return

    from terrella.engine.progress import shown_progress
    from terrella.segment.train import train as run_train

    with shown_progress() as report:
        run_train(run, chosen, report, plan)
