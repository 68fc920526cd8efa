"""List small changes of a module that its tests do not notice: python scripts/mutants.py MODULE TEST … [--most N].

`make mutants MODULE=src/terrella/forecast/counts.py TESTS=tests/forecast/test_counts.py` does this with
cosmic-ray, on a copy of the checkout. A survivor is a place to look: a test is missing, or the change is none.
Each change takes one run of the tests; `--most` draws that many of them.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

ROOT = Path(__file__).parents[1]
CONFIG = """[cosmic-ray]
module-path = "{module}"
timeout = {timeout}
excluded-modules = []
test-command = "{python} -m pytest -x -q -p no:cacheprovider {tests}"

[cosmic-ray.distributor]
name = "local"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--most", type=int, default=60, help="changes that are tried, drawn at random")
    parser.add_argument(
        "--timeout", type=float, default=120, help="seconds after which a change counts as noticed"
    )
    options = parser.parse_args()
    tool = str(Path(sys.executable).with_name("cosmic-ray"))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "_build", ".*_cache")
        )
        values = {"module": options.module, "timeout": options.timeout, "python": sys.executable}
        (copy / "mutants.toml").write_text(
            CONFIG.format(**values, tests=" ".join(options.tests)), encoding="utf-8"
        )
        environment = {**os.environ, "PYTHONPATH": f"{copy / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}

        def run(*arguments: str) -> None:
            subprocess.run(arguments, cwd=copy, env=environment, check=True)

        # Without a change all must pass, or each would seem to be noticed.
        run(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *options.tests)
        run(tool, "init", "mutants.toml", "mutants.sqlite")
        session = str(copy / "mutants.sqlite")
        with use_db(session, WorkDB.Mode.open) as found:
            draw(found, options.most)
        run(tool, "exec", "mutants.toml", "mutants.sqlite")
        with use_db(session, WorkDB.Mode.open) as found:
            report(found)


def draw(found: WorkDB, most: int) -> None:
    """Leave that many changes to be tried."""
    items = list(found.pending_work_items)
    for item in random.Random(0).sample(items, max(len(items) - most, 0)):
        found.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))


def report(found: WorkDB) -> None:
    """Print what no test noticed."""
    tried = [each for each in found.results if each[1].worker_outcome != WorkerOutcome.SKIPPED]
    lived = [job for job, result in tried if result.test_outcome == TestOutcome.SURVIVED]
    for item in found.work_items:
        if item.job_id in lived:
            for change in item.mutations:
                print(f"{change.module_path}:{change.start_pos[0]}: {change.operator_name}")
    print(f"{len(tried) - len(lived)} of {len(tried)} changes were noticed")


if __name__ == "__main__":
    main()
