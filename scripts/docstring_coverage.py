"""Count the public names whose docstring says what its arguments are, and list those that do not.

python scripts/docstring_coverage.py
"""

import inspect
import re
from importlib import import_module

from terrella.cli.tasks import TASKS

# Shapes such as (event,) or (trace, sample); units as conventions.md names them.
SHAPE = re.compile(r"\(\w+( \+ 1)?,( \w+( \+ 1)?,?)*\)|\(\w+, \w+(, \w+)?\)")
UNIT = re.compile(r"\b(km²?|m|s|Hz|days?|degrees|nats|samples|UTC|unit)\b")


def lacking(documented: object) -> list[str]:
    """Return what the docstring of a class or function does not say: sections, shapes, units."""
    text = inspect.getdoc(documented) or ""
    wanted = {
        "parameters": bool(re.search(r"^Parameters\n-+$", text, re.MULTILINE)),
        "shapes": "array" not in text or bool(SHAPE.search(text)),
        "units": bool(UNIT.search(text)),
    }
    return [what for what, said in wanted.items() if not said]


def main() -> None:
    """Print a line for each name that lacks something, and how many lack nothing."""
    whole, count = 0, 0
    for task in TASKS:
        package = import_module(f"terrella.{task}")
        for name in package.__all__:
            if name.endswith("Settings"):
                continue  # their fields describe themselves
            missing = lacking(getattr(package, name))
            whole, count = whole + (not missing), count + 1
            if missing:
                print(f"{task}.{name}: no {', '.join(missing)}")
    print(f"{whole} of {count} public docstrings state arguments, shapes and units")


if __name__ == "__main__":
    main()
