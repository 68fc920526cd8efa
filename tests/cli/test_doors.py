"""The commands as a user meets them: help, versions, wrong options."""

import importlib.metadata
import json
import re
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
from typed_commands import run

import terrella
from terrella.cli.doctor import _devices
from terrella.cli.main import main
from terrella.engine.settings import setting_names
from terrella.errors import DoesNotFitError, InputError, Interrupted
from terrella.forecast.settings import ForecastSettings


def terrella_command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "terrella", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["forecast", "train", "--help"], ["pick", "run", "--help"]]
)
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys, terrella.cli.main as m\n"
        f"try: m.main({arguments!r})\n"
        "except SystemExit: pass\n"
        "heavy = ('torch', 'obspy', 'matplotlib', 'pandas', 'numba', 'xarray', 'scipy', 'pyarrow', 'jinja2', "
        "'h5py', 'dask')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"
    assert "Usage: terrella" in found.stdout


COMMANDS = {
    "forecast": ("demo", "data", "plan", "train", "judge", "predict", "simulate", "show", "explain"),
    "pick": (
        "demo",
        "data",
        "plan",
        "train",
        "judge",
        "compare",
        "predict",
        "run",
        "show",
        "associate",
        "watch",
        "explain",
        "compress",
    ),
    "segment": ("demo", "data", "plan", "train", "judge", "predict", "show", "explain", "compress"),
    "weather": ("demo", "data", "plan", "train", "judge", "predict", "show", "explain"),
    "motion": ("demo", "data", "plan", "train", "judge", "predict", "show", "explain"),
    "field": ("demo", "data", "plan", "train", "judge", "predict", "show", "explain"),
    "interior": ("demo", "data", "plan", "train", "judge", "predict", "show", "explain"),
    "literature": ("demo", "data", "plan", "train", "judge", "predict", "show", "search", "explain"),
    "surface": ("demo", "data", "plan", "train", "judge", "predict", "show", "explain"),
}


@pytest.mark.parametrize(
    ("task", "command"), [(task, name) for task, names in COMMANDS.items() for name in names]
)
def test_every_command_has_help_with_an_example(task, command, capsys):
    assert run(task, command, "--help") == 0
    assert f"Example: terrella {task} {command}" in " ".join(capsys.readouterr().out.split())


def test_train_help_lists_every_setting(capsys):
    run("forecast", "train", "--help")
    shown = "".join(capsys.readouterr().out.split()).replace("│", "")
    for name in setting_names(ForecastSettings):
        assert "--" + name.replace("_", "-") in shown


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.strip() == terrella.__version__


def test_doctor_tells_of_the_machine(capsys):
    assert run("doctor") == 0
    shown = capsys.readouterr().out
    for word in ("torch", "memory", "cores", "GPU", "threads", "free", importlib.metadata.version("numpy")):
        assert word in shown
    assert "NOT INSTALLED" not in shown
    assert "TOO OLD" not in shown


def test_doctor_survives_a_torch_that_cannot_be_loaded(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("doctor") == 0
    assert "torch cannot be loaded" in " ".join(capsys.readouterr().out.split())


def test_doctor_names_packages_that_are_absent_or_too_old(capsys, monkeypatch):
    required = ["numpy>=99.1", "no-such-package>=1", "rich[jupyter]", 'pytest>=99; extra == "dev"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: required)
    assert run("doctor") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "TOO OLD: 99.1 or newer" in lines["numpy"]
    assert "NOT INSTALLED" in lines["no-such-package"]
    assert lines["rich"].split() == ["rich", importlib.metadata.version("rich")]
    assert "pytest" not in lines


def test_doctor_tells_of_extras_bundles_and_weights(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEISBENCH_CACHE_ROOT", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    required = [
        'numpy>=2; extra == "whole"',
        'no-such-package>=1; extra == "pick"',
        'pytest>=8; extra == "dev"',
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: required)
    (tmp_path / "runs/forecast/mine/model").mkdir(parents=True)
    weights = tmp_path / "cache/models/v3/phasenet/stead.pt.v3"
    weights.parent.mkdir(parents=True)
    weights.touch()
    assert run("doctor") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "extra whole whole" in shown
    assert "no-such-package: not installed; pip install 'terrella[pick]'" in shown
    assert "extra dev" not in shown
    assert "california (released)" in shown
    assert "runs/forecast/mine" in shown
    assert "cached weights phasenet/stead" in shown


def test_plan_alone_points_to_the_tasks(capsys):
    assert run("plan") == 2
    assert (
        "terrella {forecast,pick,segment,weather,motion,field,interior,literature,surface} plan"
        in capsys.readouterr().err
    )


def test_doctor_shows_each_gpu_and_one_that_is_busy():
    def free_and_total(index: int) -> tuple[int, int]:
        if index == 1:
            raise RuntimeError("CUDA error: device is busy\nmore")
        return 3 * 2**30, 8 * 2**30

    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        get_device_name=lambda index: f"card {index}",
        mem_get_info=free_and_total,
    )
    assert list(_devices(SimpleNamespace(cuda=cuda))) == [
        ("GPU 0", "card 0, 3.0 of 8.0 GiB free"),
        ("GPU 1", "card 1, not usable now: CUDA error: device is busy"),
    ]


def test_cite_names_the_methods_of_the_settings_and_the_judged_models(tmp_path, capsys):
    def cited() -> str:
        assert run("cite", tmp_path) == 0
        return capsys.readouterr().out

    (tmp_path / "settings.toml").write_text("[data]\nmin_magnitude = 3.0\n")
    text = cited()
    assert "Zhuang2002" in text
    assert "WiemerWyss2000" not in text
    assert "Brier1950" not in text
    (tmp_path / "settings.toml").write_text('[etas]\nbackground = "uniform"\n')
    (tmp_path / "scores.json").write_text(json.dumps({"models": {"all-zero": {}, "ETAS": {}}}))
    text = cited()
    assert "Zhuang2002" not in text
    assert "Zlydenko2023" not in text
    for key in ("WiemerWyss2000", "Ogata1998", "Brier1950"):
        assert key in text


def test_cite_names_the_pickers_of_a_training_and_of_a_comparison(tmp_path, capsys):
    for settings, expected in (
        ('network = "dpp-p"\n', ["Muenchmeyer2022", "SotoSchurr2021"]),
        (
            'networks = ["gpd"]\ntrain_sets = ["/data/mine"]\n',
            ["Muenchmeyer2022", "Ross2018", "BaerKradolfer1987", "Maeda1985", "Allen1978"],
        ),
    ):
        (tmp_path / "settings.toml").write_text(settings)
        assert run("cite", tmp_path) == 0
        assert re.findall(r"@article\{(\w+),", capsys.readouterr().out) == expected


def test_cite_says_which_scores_cannot_be_read(tmp_path, capsys):
    (tmp_path / "settings.toml").write_text("")
    (tmp_path / "scores.json").write_text('{"models"')
    assert run("cite", tmp_path) == 2
    assert "scores.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "exit_code", "line"),
    [
        (InputError("no such thing"), 2, "error: no such thing"),
        (DoesNotFitError("2 GiB too much"), 3, "error: 2 GiB too much"),
        (MemoryError(), 3, "error: memory ran out"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), 3, "error: memory ran out"),
        (KeyboardInterrupt(), 130, "stopped: interrupted"),
        (Interrupted("saved at step 7"), 130, "stopped: saved at step 7"),
    ],
)
def test_what_stops_a_command_has_its_exit_code_and_line(raised, exit_code, line, capsys, monkeypatch):
    raising(raised, monkeypatch)
    assert run("forecast", "show", "x.csv") == exit_code
    error = capsys.readouterr().err
    assert error.startswith(line)
    assert error.count("\n") == 1


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    raising(RuntimeError("shapes differ"), monkeypatch)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run("forecast", "show", "x.csv")


def raising(error: BaseException, monkeypatch) -> None:
    def show(*_) -> None:
        raise error

    monkeypatch.setattr("terrella.forecast.show.show", show)


def test_a_closed_pipe_is_no_error(tmp_path):
    (tmp_path / "settings.toml").write_text("")
    command = [sys.executable, "-m", "terrella", "cite", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["forecast", "trian"], 'Did you mean "train"'),
        (["forecast", "train", "--run", "x", "--fit.epoch", "3"], "Did you mean --fit.epochs"),
        (
            ["forecast", "train", "--run", "x", "--fit.epochs", "many"],
            "--fit.epochs: input should be a valid integer",
        ),
        (["forecast", "train", "--run", "x", "--fit.epochs", "0"], "greater than 0"),
        (["forecast", "judge"], "--run"),
        (["forecast", "train", "--run", "x"], "no catalogue: give --catalogue FILE"),
    ],
)
def test_wrong_words_get_one_line_and_exit_code_2(arguments, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_shows_no_traceback():
    found = terrella_command("forecast", "judge", "--run", "/nowhere/at/all")
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "/nowhere/at/all is no run" in found.stderr


@pytest.mark.parametrize("task", list(COMMANDS))
def test_what_comes_out_follows_a_short_o_in_every_command(task, capsys):
    for verb in COMMANDS[task]:
        with suppress(SystemExit):
            main([task, verb, "--help"])
        said = capsys.readouterr().out
        assert "Usage: terrella" in said
        assert ("--output" in said) == ("--output -o" in said), verb
