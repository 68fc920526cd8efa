"""The verbs of the example task that are its own."""

import json
from pathlib import Path

__all__ = ["data", "demo", "predict", "show"]


def demo(*, run: Path = Path("runs/sine/demo")) -> None:
    """Train and judge on a sine.

    Example: terrella sine demo
    """
    from example_task import task

    task.demo(run, print)


def data(*, output: Path, number: int = 30) -> None:
    """Write samples of a sine as JSON."""
    import numpy as np

    output.write_text(json.dumps([[x, float(np.sin(x))] for x in np.linspace(-3, 3, number)]))


def predict(table: Path, *, bundle: str, output: Path) -> None:
    """Predict the values of numbers in a JSON list."""
    from example_task import task

    print(*task.predict(table, bundle, output, print), sep="\n")


def show(run: Path) -> None:
    """Print the scores of a run."""
    print((run / "scores.json").read_text())
