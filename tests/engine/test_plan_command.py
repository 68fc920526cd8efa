"""`terrella forecast plan` and `terrella pick plan` as a user types them."""

import json

import pytest

from terrella.cli.main import main


def typed(*arguments):
    """Run a command in this process and return its exit code."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_a_forecast_for_a_card_that_is_not_there(capsys):
    arguments = ("forecast", "plan", "--samples", "728442", "--fit.epochs", "40", "--on", "rtx-5080")
    assert typed(*arguments, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    (stage,) = made["stages"]
    assert made["kind"] == "cuda"
    assert stage["epochs"] == 40
    assert stage["steps"] == -(-728442 // 4096)
    assert stage["strategy"]["placement"] == "resident"
    # The claim was under three hours.
    assert stage["steps"] * 40 * stage["step_s"] < 3 * 3600
    assert typed(*arguments) == 0
    assert "peak, device" in capsys.readouterr().out


def test_a_picker_with_too_little_memory_leaves_with_3(capsys):
    arguments = ("pick", "plan", "--network", "gpd", "--fit.batch", "64", "--on", "rtx-5080")
    assert typed(*arguments, "--device-memory", "100MB") == 3
    error = capsys.readouterr().err
    assert error.startswith("error: gpd does not fit 100 MB of device memory")
    assert error.count("\n") == 1


def test_a_plan_is_left_in_the_run(tmp_path, capsys):
    arguments = (
        "pick",
        "plan",
        "--network",
        "gpd",
        "--fit.batch",
        "64",
        "--on",
        "rtx-5080",
        "--run",
        tmp_path,
    )
    assert typed(*arguments) == 0
    assert json.loads((tmp_path / "plan.json").read_text())["task"] == "pick"
    said = " ".join(capsys.readouterr().out.split())
    assert "gpd: data resident" in said
    assert "assumed: 50,000 traces (no number given: --samples) of 60 s each" in said


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--on", "rtx-5081"), "did you mean"),
        (("--memory", "lots"), "is no size"),
        (("--deadline", "soon"), "is no duration"),
        (("--network", "phasent"), "there is no network"),
    ],
)
def test_wrong_input_leaves_with_2(wrong, told, capsys):
    base = () if "--network" in wrong else ("--network", "gpd")
    assert typed("pick", "plan", *base, *wrong) == 2
    assert told in capsys.readouterr().err
