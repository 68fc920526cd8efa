"""What `terrella motion demo --kind waveforms` shows: simulated records, or a data set of one's own."""

from pathlib import Path

from terrella.engine import workflow
from terrella.engine.run import Report
from terrella.motion.settings import DataSettings, FitSettings, MotionSettings


def demo(run: Path, report: Report, seed: int = 0, flatfile: str | None = None) -> None:
    """Train and judge in a run's folder, on a data set, or on simulated seismograms whose truth is known."""
    from terrella.motion.task import task  # of which this is a kind

    data = DataSettings(kind="waveforms", seed=seed, **({} if flatfile is None else {"flatfile": flatfile}))
    settings = MotionSettings(data=data, fit=FitSettings(seed=seed))
    said = (
        "simulated seismograms, whose magnitudes and distances are known; real ones, whose metadata have "
        "magnitudes, by --flatfile FOLDER"
        if flatfile is None
        else f"waveforms of {flatfile}"
    )
    report({"kind": "message", "message": said})
    workflow.train(task, run, settings, report)
    workflow.judge(task, run, report)
    report(
        {
            "kind": "result",
            "message": f"your own records: terrella motion predict FOLDER --bundle {run} -o out.csv",
        }
    )
