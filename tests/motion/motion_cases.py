"""Settings and records of `motion` that train in a second."""

from terrella.cli.main import main
from terrella.motion.settings import MotionSettings

SMALL = ["--data.events", 60, "--data.stations", 40, "--data.event-folds", 3, "--data.station-folds", 2,
         "--data.measures", "PGA", "SA(1)", "--fit.epochs", 3, "--judge.resamples", 30]  # fmt: skip
SETTINGS = MotionSettings.model_validate(
    {
        "data": {
            "events": 60,
            "stations": 40,
            "event_folds": 3,
            "station_folds": 2,
            "measures": ("PGA", "SA(1)"),
        }
    }
)


def run(*arguments) -> int:
    """Run a command of the task in this process and return its exit code."""
    try:
        main(["motion", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0
