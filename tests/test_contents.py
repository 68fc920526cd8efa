"""The tables of contents: what a task offers in Python."""

import subprocess
import sys
from importlib import import_module

import pytest

TASKS = ("forecast", "pick", "segment")


@pytest.mark.parametrize("task", TASKS)
def test_a_task_shows_its_public_names_and_no_others(task):
    package = import_module(f"terrella.{task}")
    assert dir(package) == sorted(package.__all__)
    for name in package.__all__:
        # The second time, a module of this name must not stand in the way.
        assert getattr(package, name) is getattr(package, name)
        assert not name.startswith("_")
        assert callable(getattr(package, name)), name


@pytest.mark.parametrize("task", TASKS)
def test_a_name_that_is_not_there_is_answered_with_those_that_are(task):
    package = import_module(f"terrella.{task}")
    with pytest.raises(
        AttributeError, match=f"terrella.{task} has no 'nothing'; it has {package.__all__[0]}"
    ):
        _ = package.nothing


@pytest.mark.parametrize("task", TASKS)
def test_a_table_of_contents_loads_nothing(task):
    code = f"import sys, terrella.{task} as t; dir(t); print([n for n in ('numpy', 'torch') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
