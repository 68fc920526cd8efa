"""Settings of `literature` that train in seconds, and its command line in this process."""

from terrella.cli.main import main

SMALL = ["--data.sentences", 160, "--fit.epochs", 3, "--fit.batch", 4, "--fit.l2", 0.1, "--network.hidden", 16,
         "--network.width", 16, "--judge.resamples", 30]  # fmt: skip


def run(*arguments) -> int:
    """Run a command of the task in this process and return its exit code."""
    try:
        main(["literature", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0
