"""Print constraints of the oldest versions that pyproject.toml allows, for a test with them.

python scripts/oldest_requirements.py > oldest.txt && make pytest CONSTRAINTS=oldest.txt

What the package needs, with the extras that the tests run with, stays at its lower bound; the tests' own tools and
what the former need themselves are left to pip.
"""

import re
import tomllib
from pathlib import Path

EXTRAS = ("pick", "segment", "motion", "literature")


def oldest() -> list[str]:
    """Return a line name==version for each requirement with a lower bound."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(each for extra in EXTRAS for each in extras[extra])]
    found = [re.match(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", each) for each in needed]
    return [f"{each[1]}=={each[2]}" for each in found if each]


if __name__ == "__main__":
    print("\n".join(oldest()))
