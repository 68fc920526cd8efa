"""`terrella segment judge`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from terrella.segment.settings import JudgeSettings

Overrides = Annotated[JudgeSettings | None, Parameter(name="*", group="Settings")]


def judge(*, run: Path, split: Literal["train", "dev", "test"] = "test", settings: Overrides = None) -> None:
    """Judge a trained network beside STA/LTA and coherence: samples, events, onsets, with a report.

    Thresholds come from the dev split, whichever split is judged.

    Example: terrella segment judge --run runs/segment/faults

    Parameters
    ----------
    run
        Folder of a training; the results go there.
    split
        Split that is judged.
    """
    from terrella.engine.progress import shown_progress
    from terrella.engine.run import existing_run

    existing_run(run)  # before what judges is imported
    from terrella.segment.judging.command import judge as run_judge

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    with shown_progress() as report:
        run_judge(run, split, overrides, report)
