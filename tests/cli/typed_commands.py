"""Commands as a user types them, run in this process, and settings that train in seconds."""

from terrella.cli.main import main

SMALL = [
    "--data.min-magnitude", "3", "--data.magnitude-bin", "0", "--data.bounds", "0", "4", "0", "4",
    "--data.cell-deg", "0.5", "--network.hidden", "8", "--fit.samples", "20000", "--fit.epochs", "2",
    "--fit.step-days", "20", "--judge.resamples", "50", "--horizons-days", "1", "7", "--etas.folds", "3",
]  # fmt: skip


def run(*arguments: object) -> int:
    """Run a command in this process and return its exit code."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0
