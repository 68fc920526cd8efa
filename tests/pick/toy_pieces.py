"""Small pieces of work for the graph's tests, and a door for a process that is killed."""

import sys
import time
from pathlib import Path
from typing import Any

from terrella.pick.comparison.graph import Piece, execute


def number(arguments: Any, results: Any, place: Path, report: Any) -> dict[str, Any]:
    """Return a number after a while, and note that it was made."""
    with Path(arguments["log"]).open("a") as log:
        log.write(f"{arguments['value']}\n")
    time.sleep(arguments.get("seconds", 0.0))
    return {"value": arguments["value"] / 7}


def total(arguments: Any, results: Any, place: Path, report: Any) -> dict[str, Any]:
    """Return the sum of what it needs."""
    with Path(arguments["log"]).open("a") as log:
        log.write("total\n")
    return {"value": sum(each["value"] for each in results.values())}


def broken(arguments: Any, results: Any, place: Path, report: Any) -> dict[str, Any]:
    """Fail as bad data do."""
    raise ValueError("the array\nhas two lines")


def toys(log: Path, seconds: float, n: int = 6) -> list[Piece]:
    """Return numbers and their sum."""
    numbers = [
        Piece(f"number {i}", number, {"value": i, "log": str(log), "seconds": seconds}) for i in range(n)
    ]
    return [Piece("total", total, {"log": str(log)}, tuple(numbers))]


def main() -> None:
    """Do the toys in the folder, with the log and the number of workers that the command line names."""
    folder, log, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    execute(toys(log, 0.3), folder, print, workers=workers)
