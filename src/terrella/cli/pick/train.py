"""`terrella pick train`."""

from pathlib import Path
from typing import Annotated

from terrella.cli.flags import SETTINGS, Processes
from terrella.engine.settings import load_settings
from terrella.engine.start import train_together
from terrella.pick.settings import PickSettings

Overrides = Annotated[PickSettings | None, SETTINGS]


def train(
    *,
    run: Path,
    config: Path | None = None,
    plan: bool = True,
    processes: Processes = None,
    settings: Overrides = None,
) -> None:
    """Train a picking network on labelled waveforms, from scratch or from other weights. Typed again, it goes on.

    Example: terrella pick train --network phasenet --data.sets synthetic:local --run runs/pick/local

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
    if config is None and "data" not in overrides and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    chosen = load_settings(PickSettings, config, overrides)
    if train_together("pick", run, chosen, plan, processes):
        return

    from terrella.engine.progress import shown_progress
    from terrella.pick.train import train as run_train

    with shown_progress() as report:
        run_train(run, chosen, report, plan)
