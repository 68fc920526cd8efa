"""`terrella pick compare`: which picker fits my data?"""

from pathlib import Path
from typing import Annotated

from terrella.cli.flags import SETTINGS, shown
from terrella.engine.settings import load_settings
from terrella.pick.comparison.settings import CompareSettings

Overrides = Annotated[CompareSettings | None, SETTINGS]


def compare(
    *,
    run: Path,
    config: Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    settings: Overrides = None,
) -> None:
    """Train networks on several data sets, judge them all on several, and say which picker fits yours.

    Classical methods stand beside the networks. Every finished piece is kept: stopped and typed again, the
    comparison goes on with what is missing.

    Example: terrella pick compare --run runs/pick/mine --train-sets synthetic:local synthetic:regional \
        --test-sets synthetic:local synthetic:regional mine=/data/mine --networks phasenet gpd --target mine

    Parameters
    ----------
    run
        Folder of the comparison.
    config
        Settings as TOML, such as settings.toml of an earlier comparison; flags go before it.
    scheduler
        Address of your own Dask scheduler, such as tcp://host:8786; its workers must see the same folders.
    workers
        Processes on this machine; one per core by default.
    """
    from terrella.pick.comparison.compare import compare as run_compare

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if config is None and not overrides and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    chosen = load_settings(CompareSettings, config, overrides, "pick compare")
    shown(lambda report: run_compare(run, chosen, report, scheduler, workers))
