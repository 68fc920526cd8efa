"""From settings to pieces."""

from pathlib import Path

import pytest

from terrella.errors import InputError
from terrella.pick.comparison.compare import compare
from terrella.pick.comparison.graph import _in_order
from terrella.pick.comparison.plan import named_sets, plan, target_names
from terrella.pick.comparison.settings import CompareSettings

SETTINGS = CompareSettings(
    networks=("phasenet", "dpp"),
    train_sets=("synthetic:local", "synthetic:regional"),
    test_sets=("synthetic:local", "mine=/data/mine"),
    learning_rates=(1e-2, 1e-3),
    target=("mine",),
)


def labels(settings: CompareSettings) -> list[str]:
    return [piece.label for piece in _in_order([each.piece for each in plan(settings)]).values()]


def test_every_network_is_trained_once_on_every_set_at_every_rate() -> None:
    trained = [label for label in labels(SETTINGS) if label.startswith("train")]
    assert len(trained) == len(set(trained)) == 4 * 2 * 2  # DPP is three networks
    assert "train dpp-p regional 0.01" in trained


def test_every_picker_is_judged_on_every_test_set() -> None:
    asked = plan(SETTINGS)
    methods = [(each.method, each.train_set) for each in asked if each.test_set == "mine"]
    assert methods == [
        ("PhaseNet", "local"), ("PhaseNet", "regional"), ("DPP", "local"), ("DPP", "regional"),
        ("STA/LTA and AIC", ""),
        ("Baer–Kradolfer", "local"), ("Baer–Kradolfer", "regional"), ("Baer–Kradolfer", "mine"),
    ]  # fmt: skip
    assert len(asked) == 2 * len(methods)
    assert target_names(SETTINGS) == ["mine"]


def test_resampling_judges_networks_at_other_rates_without_training_anew() -> None:
    settings = SETTINGS.model_copy(update={"resampling": ("mine",), "rates_hz": (100.0, 20.0)})
    more = [each for each in plan(settings) if each.rate_hz == 20]
    assert {each.method for each in more} == {"PhaseNet", "DPP"}
    assert {each.test_set for each in more} == {"mine"}
    before = {label for label in labels(SETTINGS) if label.startswith("train")}
    assert {label for label in labels(settings) if label.startswith("train")} == before


def test_fine_tuning_follows_its_start(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"fine_tune": ("regional,mine",)})
    tuned = [each for each in plan(settings) if "→" in each.train_set]
    assert {(each.method, each.train_set) for each in tuned} == {
        ("PhaseNet", "regional → mine"),
        ("DPP", "regional → mine"),
    }
    (training,) = tuned[0].training
    assert {need.label for need in training.needs} == {
        "store mine 100 Hz",
        "train phasenet regional 0.01",
        "train phasenet regional 0.001",
    }


def test_changed_data_change_all_that_follows(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("a")
    settings = SETTINGS.model_copy(update={"test_sets": (f"mine={tmp_path}", "synthetic:local")})
    before = {each.piece.name for each in plan(settings)}
    (tmp_path / "metadata.csv").write_text("more")
    after = {each.piece.name for each in plan(settings)}
    kept = before & after
    assert kept
    assert all("_on_local_" in name and "_mine_on" not in name for name in kept)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"networks": ("phasnet",)}, "there is no network 'phasnet'; there are basicphaseae"),
        ({"target": ("other",)}, "--target other is no test set; the test sets are local, mine"),
        ({"resampling": ("other",)}, "--resampling other is no test set"),
        ({"test_sets": ("a=/x", "a=/y")}, "two data sets are named 'a': /x and /y"),
        ({"fine_tune": ("far,mine",)}, "'far' is neither a training set nor ready weights"),
        ({"fine_tune": ("local,far",)}, "'far' is none of the data sets"),
    ],
)
def test_what_there_is_not_is_named(change: dict[str, tuple[str, ...]], line: str) -> None:
    settings = SETTINGS.model_copy(update=change)
    with pytest.raises(InputError, match=line):
        (plan if "target" not in change else target_names)(settings)


def test_names_of_sets_are_short() -> None:
    settings = CompareSettings(train_sets=("synthetic:local", "/data/iquique/"), test_sets=("a=/data/b",))
    assert named_sets(settings) == {"local": "synthetic:local", "iquique": "/data/iquique/", "a": "/data/b"}


def test_a_set_that_is_not_there_is_named_before_any_training(tmp_path: Path) -> None:
    missing = str(tmp_path / "mine")
    settings = CompareSettings(train_sets=("synthetic:local",), test_sets=(f"mine={missing}",))
    with pytest.raises(InputError, match=f"{missing} is not there; `terrella pick data"):
        compare(tmp_path / "run", settings, lambda event: None)


def test_a_comparison_leaves_a_trainings_run_alone(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('task = "pick"\nnetwork = "gpd"\n')
    with pytest.raises(InputError, match="is a run of pick, not of pick compare"):
        compare(tmp_path, CompareSettings(), lambda event: None)
    assert "gpd" in (tmp_path / "settings.toml").read_text()
