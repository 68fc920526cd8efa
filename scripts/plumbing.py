"""Count each task's lines of plumbing: what is neither its science nor the engine's; `--files` lists the files."""

import re
import sys
from pathlib import Path

from terrella.cli.tasks import TASKS

SOURCE = Path(__file__).parents[1] / "src" / "terrella"
# Command line, training, planning, bundle, card, judging as a command, report, demonstration.
NAMES = re.compile(
    r"(task|train|training|plan|bundle|storage|card|command|judge|reporting|results|demo|commands)\.py"
)
# What bears such a name and is science: a comparison of pickers, an association, a training's samples.
SCIENCE = re.compile(r"/(comparison|association|continuous|data|synthetic|simulation|download)/")


def files(task: str) -> list[Path]:
    """Return the files of a task's plumbing."""
    own = [path for path in sorted((SOURCE / task).rglob("*.py")) if NAMES.fullmatch(path.name)]
    doors = [*sorted((SOURCE / "cli" / task).glob("*.py")), *(SOURCE / "cli").glob(f"{task}*.py")]
    return [path for path in own if not SCIENCE.search(path.as_posix())] + doors


def lines(path: Path) -> int:
    """Return a file's lines."""
    return len(path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    for task in TASKS:
        counted = files(task)
        print(f"{task:10} {sum(map(lines, counted)):6,}")
        if "--files" in sys.argv:
            for path in counted:
                print(f"  {lines(path):6,} {path.relative_to(SOURCE)}")
    print(f"{'src':10} {sum(map(lines, SOURCE.rglob('*.py'))):6,}")
