"""`terrella pick judge`: a run as any task's, or bundles and weights of no run."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from terrella.cli.flags import OUTPUT, shown
from terrella.pick.settings import JudgeSettings

Settings = Annotated[JudgeSettings | None, Parameter(name="judge", negative_iterable=(), group="Settings")]


def judge(
    data: str | None = None,
    *,
    run: Path | None = None,
    bundle: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative_iterable=())] = (),
    split: Literal["train", "dev", "test", "all"] = "test",
    output: Annotated[Path | None, OUTPUT] = None,
    settings: Settings = None,
) -> None:
    """Judge a trained picker beside STA/LTA, AIC and Baer & Kradolfer's: detection, phase, onsets, with a report.

    Thresholds always come from the dev split.

    Example: terrella pick judge --run runs/pick/local --data mine/dataset

    Parameters
    ----------
    data
        Data set, store, or synthetic:local and the like; by default the one that the run was trained on.
    run
        Folder of a training; its bundle is judged, and the results go there.
    bundle
        Bundle, file of SeisBench's weights, or the name of published ones, such as seisbench:phasenet/stead,
        instead; DPP's three make one picker.
    split
        Split that is judged.
    output
        Folder for scores.json, report.html, figures and targets, by default the run's.
    """
    from terrella.engine.run import existing_run

    if run is not None and not bundle:
        existing_run(run)  # before what judges is imported
    from terrella.pick.judging.command import judge_given

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    shown(
        lambda report: judge_given(run, bundle, data, split, output, overrides, report),
        "" if run is None else f"terrella pick predict WAVEFORMS --bundle {run} -o picks",
    )
