"""The tables of contents: what a task offers in Python."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from terrella.cli.tasks import load_task
from terrella.engine.fit_settings import lasting
from terrella.engine.settings import fingerprint

TASKS = ("forecast", "pick", "segment", "weather", "motion", "field", "interior", "literature")


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


@pytest.mark.parametrize("task", TASKS)
def test_verbs_have_one_face_that_help_can_show(task):
    package = import_module(f"terrella.{task}")
    train, judge, predict = (
        inspect.signature(getattr(package, name)) for name in ("train", "judge", "predict")
    )
    assert list(train.parameters) == ["run", "settings", "report"]
    assert list(judge.parameters) == ["run", "split", "data", "report", "judging"]
    assert list(predict.parameters) == ["given", "bundle", "output", "report", "options"]
    assert "0x" not in f"{train}{judge}{predict}"


@pytest.mark.parametrize(
    ("task", "place"),
    [
        ("forecast", "catalogue"),
        ("pick", "sets"),
        ("segment", "sections"),
        ("weather", "store"),
        ("motion", "flatfile"),
        ("field", "observatories"),
        ("interior", "tables"),
        ("literature", "train"),
    ],
)
def test_what_may_change_while_a_training_goes_on_is_in_no_fingerprint(task, place):
    settings = load_task(task).settings()
    moved = settings.model_copy(
        update={
            "fit": settings.fit.model_copy(update={"device": "cpu", "sharded": True}),
            "judge": settings.judge.model_copy(update={"resamples": 7}),
            "data": settings.data.model_copy(update={place: "elsewhere"}),
        }
    )
    assert fingerprint(lasting(moved)) == fingerprint(lasting(settings))
    other = settings.model_copy(update={"fit": settings.fit.model_copy(update={"seed": 3})})
    assert fingerprint(lasting(other)) != fingerprint(lasting(settings))
