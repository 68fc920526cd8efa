"""`terrella segment train`, `judge` and `demo` as a user types them."""

import csv
import json
import shutil

import numpy as np
import pytest
from fake_sections import make_section

from terrella.cli.main import main
from terrella.engine.run import Run
from terrella.segment import demo
from terrella.segment.settings import SegmentSettings
from terrella.segment.use.real import show_real_sections

SHORT = [
    "--network.widths", 4, 8, "--fit.epochs", 2, "--fit.batch", 4, "--patch.per-section", 2,
    "--judge.resamples", 20,
]  # fmt: skip
SMALL = ["--data.surveys", 4, "--data.per-survey", 4, "--data.shape", 24, 128, *SHORT]


def run(*arguments) -> int:
    """Run a command in this process and return its exit code."""
    try:
        main(["segment", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert run("train", "--run", folder, *SMALL) == 0
    return folder


@pytest.fixture
def table(tmp_path):
    """A table of six sections in three groups."""
    rows = [("section", "labels", "group")]
    for k in range(6):
        section = make_section(k)
        np.save(tmp_path / f"s{k}.npy", section.samples)
        np.save(tmp_path / f"l{k}.npy", section.mask)
        rows.append((f"s{k}.npy", f"l{k}.npy", f"event {k % 3}"))
    with (tmp_path / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path / "table.csv"


def test_a_training_leaves_its_run(trained, capsys):
    for name in ("settings.toml", "events.jsonl", "metrics.csv", "model/model.safetensors", "model/card.md"):
        assert (trained / name).is_file()
    assert run("train", "--run", trained) == 0
    assert "this training is finished" in capsys.readouterr().err


def test_a_judged_run_has_scores_beside_baselines(trained, capsys):
    assert run("judge", "--run", trained, "--judge.false-alarms", 0.5) == 0
    assert "U-Net" in capsys.readouterr().out
    document = json.loads((trained / "scores.json").read_text())
    assert document["split"] == "test"
    assert {"U-Net", "STA/LTA", "semblance"} <= set(document["models"])
    assert document["judge"]["false_alarms"] == 0.5
    for scores in document["models"].values():
        assert 0 <= scores["average_precision"]["value"] <= 1
        assert {"value", "low", "high", "unit"} == set(scores["dice"])
    assert {pair["over"] for pair in document["paired"]} == set(document["models"]) - {"U-Net"}
    assert (trained / "report.html").stat().st_size > 50_000
    assert "| U-Net |" in (trained / "model" / "card.md").read_text()


def test_sections_of_ones_own_are_trained_on_and_judged(table, tmp_path):
    own = ["--data.sections", table, "--data.interval-s", 0.002, *SHORT]
    assert run("train", "--run", tmp_path / "run", *own) == 0
    assert run("judge", "--run", tmp_path / "run") == 0
    assert "onset_mae_s" in json.loads((tmp_path / "run" / "scores.json").read_text())["models"]["U-Net"]


def one_line(capsys):
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    return error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data.split", "random"], "a random split would put sections of one group"),
        (["--data.surveys", "2"], "2 groups cannot be split"),
        (["--loss.name", "hinge"], "hinge"),
        (["--fit.epochs", "0"], "epochs"),
        (["--fit.epoch", "3"], "epoch"),
        (["--data.sections", "nowhere.csv"], "nowhere.csv is not there"),
        (["--fit.device", "tpu"], "tpu"),
        (["--patch.shape", "8", "8", "8"], "patch.shape has 3 axes"),
        (["--fit.strips", "16", "--loss.name", "dice"], "fit.strips needs a loss"),
        (["--network.widths", "4", "--fit.strips", "16"], "two levels"),
        (["--config", "nowhere.toml"], "nowhere.toml is not there"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, said, tmp_path, capsys):
    small = [] if arguments[0] in ("--config",) else ["--data.shape", 24, 128, "--data.per-survey", 2]
    small += [] if "--data.surveys" in arguments or not small else ["--data.surveys", 3]
    assert run("train", "--run", tmp_path / "run", *small, *arguments) == 2
    assert said in one_line(capsys)


def test_a_random_split_of_a_table_with_groups_is_refused(table, tmp_path, capsys):
    chosen = ["--data.sections", table, "--data.interval-s", 0.002, "--data.split", "random"]
    assert run("train", "--run", tmp_path / "run", *chosen) == 2
    assert "table.csv: a random split" in one_line(capsys)


def test_a_damaged_file_is_named(table, tmp_path, capsys):
    (tmp_path / "s3.npy").write_bytes(b"\x93NUMPY nonsense")
    assert run("train", "--run", tmp_path / "run", "--data.sections", table, "--data.interval-s", 0.002) == 2
    assert "s3.npy" in one_line(capsys)


def test_judging_needs_a_run_and_its_data(table, tmp_path, capsys):
    assert run("judge", "--run", tmp_path / "nothing") == 2
    assert "is no run" in one_line(capsys)
    own = ["--data.sections", table, "--data.interval-s", 0.002, *SHORT]
    assert run("train", "--run", tmp_path / "run", *own) == 0
    samples = np.load(tmp_path / "s1.npy")
    np.save(tmp_path / "s1.npy", samples + 1)
    assert run("judge", "--run", tmp_path / "run") == 2
    assert "no longer those" in one_line(capsys)


def test_settings_of_judging_are_checked(trained, capsys):
    assert run("judge", "--run", trained, "--judge.false-alarms", "-1") == 2
    assert "false-alarms" in one_line(capsys)
    assert run("judge", "--run", trained, "--split", "validation") == 2
    assert "validation" in one_line(capsys)


@pytest.mark.parametrize("more", [[], ["--fit.strips", 32]])
def test_a_plan_says_what_a_training_takes(more, capsys):
    own = ["--data.surveys", 3, "--data.per-survey", 1, "--patch.shape", 128, 256, "--fit.batch", 1]
    assert run("plan", *own, "--on", "rtx-5080", "--json", "--samples", 100, *more) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["task"] == "segment"
    assert [stage["name"] for stage in made["stages"]] == ["unet"]


def test_faults_in_volumes_are_learned_and_judged_beside_discontinuity(tmp_path):
    draw = np.random.default_rng(0)
    rows = ["section,labels,group,split"]
    for k, split in enumerate(["train", "train", "dev", "test"]):
        layers = np.tile(draw.standard_normal(40).astype(np.float32), (14, 14, 1))
        mask = np.zeros((14, 14, 40), np.uint8)
        at = int(draw.integers(4, 10))
        layers[:, at:] = np.roll(layers[:, at:], 7, axis=2)
        mask[:, at] = 1
        np.save(tmp_path / f"v{k}.npy", layers)
        np.save(tmp_path / f"f{k}.npy", mask)
        rows.append(f"v{k}.npy,f{k}.npy,cube {k},{split}")
    (tmp_path / "faults.csv").write_text("\n".join(rows))
    own = ["--data.sections", tmp_path / "faults.csv", "--data.interval-s", 0.004, "--patch.shape", 8, 8, 16]
    assert run("train", "--run", tmp_path / "run", *own, *SHORT) == 0
    assert run("judge", "--run", tmp_path / "run") == 0
    document = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert {"U-Net", "discontinuity"} <= set(document["models"])
    assert "detection_rate" not in document["models"]["U-Net"]
    assert (tmp_path / "run" / "figures" / "example_1.png").is_file()


def test_the_demo_trains_judges_and_says_that_there_are_no_real_sections(tmp_path, monkeypatch, capsys):
    small = SegmentSettings.model_validate(
        {
            "data": {"surveys": 4, "per_survey": 4, "shape": (24, 128)},
            "network": {"widths": (4, 8)},
            "fit": {"epochs": 1, "batch": 4},
            "judge": {"resamples": 20},
        }
    )
    monkeypatch.setattr(demo, "demo_settings", lambda seed, noise: small)
    monkeypatch.setenv("TERRELLA_DATA", str(tmp_path / "none"))
    assert run("demo", "--run", tmp_path / "demo") == 0
    shown = capsys.readouterr()
    assert "semblance" in shown.out
    assert "no real sections" in shown.err
    assert (tmp_path / "demo" / "report.html").is_file()


def test_real_sections_are_marked_and_unreadable_ones_left_out(trained, shared_data, tmp_path, monkeypatch):
    (tmp_path / "data" / "segment").mkdir(parents=True)
    for name in ("Mx1.sgy", "silixa_h5_1.hdf5"):
        shutil.copy(shared_data / "segment" / name, tmp_path / "data" / "segment")
    (tmp_path / "data" / "segment" / "broken.sgy").write_bytes(b"nothing")
    monkeypatch.setenv("TERRELLA_DATA", str(tmp_path / "data"))
    said = []
    made = show_real_sections(Run(trained), lambda event: said.append(event.get("message", "")))
    assert [path.name for path in made] == ["real_Mx1.png", "real_silixa_h5_1.png"]
    assert all(path.stat().st_size > 5000 for path in made)
    assert any(line.startswith("left out: ") and "broken.sgy" in line for line in said)
