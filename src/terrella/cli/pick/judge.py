"""`terrella pick judge`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def judge(
    *,
    run: Path | None = None,
    bundle: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative_iterable=())] = (),
    data: str | None = None,
    split: Literal["train", "dev", "test", "all"] = "test",
    targets: Path | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    resamples: int = 1000,
    evaluations: int = 50,
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Judge a trained picker beside STA/LTA, AIC and Baer & Kradolfer's: detection, phase, onsets, with a report.

    Example: terrella pick judge --run runs/pick/local --data mine/dataset

    Parameters
    ----------
    run
        Folder of a training; its bundle is judged, and the results go there.
    bundle
        Bundle, file of SeisBench's weights, or the name of published ones, such as seisbench:phasenet/stead,
        instead; DPP's three make one picker.
    data
        Data set, store, or synthetic:local and the like; by default the one that the run was trained on.
    split
        Split that is judged; thresholds always come from dev.
    targets
        Folder with task1.csv and task23.csv, such as the published ones; by default they are made.
    output
        Folder for scores.json, report.html, figures and targets, by default the run's.
    resamples
        Resamples of source events for the 95 % intervals.
    evaluations
        Proposals in the search for Baer and Kradolfer's parameters on dev; 0 keeps those of common practice.
    seed
        Seed of targets and resamples.
    device
        auto, cpu or cuda.
    """
    from terrella.engine.progress import shown_progress
    from terrella.engine.run import existing_run

    if run is not None and not bundle:
        existing_run(run)  # before what judges is imported
    from terrella.pick.judging.command import Asked
    from terrella.pick.judging.command import judge as run_judge

    asked = Asked(run, bundle, data, split, targets, output, seed, resamples, evaluations, device)
    with shown_progress() as report:
        run_judge(asked, report)
