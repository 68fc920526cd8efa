"""A whole comparison on small waveforms: trained, searched, judged, resampled, fine-tuned, reported, resumed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from terrella.errors import TerrellaError
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.pick.comparison import compare as module
from terrella.pick.comparison.compare import compare
from terrella.pick.comparison.findings import Findings
from terrella.pick.comparison.settings import ClassicalSettings, CompareSettings


def write_waves(folder: Path, decay_s: float, traces: int = 20) -> None:
    """Write noise with bursts, P on Z and S on N and E, whose coda lasts longer or shorter, as a data set."""
    draw = np.random.default_rng(len(folder.name))
    n = 7000
    at = np.arange(n)

    def made() -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        for trace in range(traces):
            p = int(draw.integers(3500, 4000))
            s = p + int(draw.integers(1100, 1400))
            samples = draw.normal(0, 0.05, (3, n))
            for onset, components in ((p, [0]), (s, [1, 2])):
                after = np.maximum(at - onset, 0) / 100
                samples[components] += np.where(
                    at >= onset, np.exp(-after / decay_s) * np.sin(2 * np.pi * 5 * after), 0.0
                )
            about = {"source_id": f"e{trace}", "trace_P_arrival_sample": p, "trace_S_arrival_sample": s}
            split = ("train", "train", "dev", "test", "train")[trace % 5]
            yield {**about, "split": split}, samples.astype(np.float32)

    about = {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100}
    write_data_set(folder, made(), about)


def quiet_report(run: Any, found: Any) -> None:
    """Draw nothing."""


def quiet(event: Any) -> None:
    """Show nothing."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> CompareSettings:
    folder = tmp_path_factory.mktemp("sets")
    for name, decay_s in (("sharp", 0.5), ("long", 6.0)):
        write_waves(folder / name, decay_s)
    return CompareSettings(
        networks=("phasenet",),
        train_sets=(str(folder / "sharp"),),
        test_sets=(str(folder / "sharp"), str(folder / "long")),
        target=("long",),
        fine_tune=("sharp,long",),
        learning_rates=(1e-2, 1e-3),
        epochs=2,
        resampling=("long",),
        rates_hz=(100.0, 50.0),
        classical=ClassicalSettings(initial_points=1, evaluations=0),
        resamples=20,
    )


@pytest.fixture(scope="module")
def found(settings: CompareSettings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Findings]:
    run = tmp_path_factory.mktemp("run")
    return run, compare(run, settings, quiet, workers=1)


def test_every_picker_has_a_row_for_every_test_set(found: tuple[Path, Findings]) -> None:
    run, findings = found
    table = pd.read_csv(run / "matrix.csv")
    native = table[(table["rate_hz"] == 100) & (table["split"] == "test")]
    assert set(native["picker"]) == {
        "PhaseNet · sharp", "PhaseNet · sharp → long", "STA/LTA and AIC",
        "Baer–Kradolfer · sharp", "Baer–Kradolfer · long",
    }  # fmt: skip
    assert (native.groupby("picker")["test_set"].nunique() == 2).all()
    slow = table[table["rate_hz"] == 50]
    assert set(slow["picker"]) == {"PhaseNet · sharp", "PhaseNet · sharp → long"}
    # The bursts begin sharply: AIC cannot miss them.
    aic = native[(native["picker"] == "STA/LTA and AIC") & (native["score"] == "p_rmse_s")]
    assert (aic["value"] < 0.1).all()
    assert not findings.failures


def test_the_report_recommends_for_the_target_with_paired_evidence(found: tuple[Path, Findings]) -> None:
    run, findings = found
    assert {each.test_set for each in findings.advice} == {"long"}
    scores = json.loads((run / "scores.json").read_text())
    assert {each["score"] for each in scores["recommendation"]} >= {"detection_auc", "p_rmse_s"}
    assert all(pair["score"].endswith("@long") for pair in scores["paired"])
    assert all(cost["inference_cpu_seconds"] > 0 for cost in scores["cost"].values())
    page = (run / "report.html").read_text()
    assert "<h2>Recommendation" in page
    assert "resampling_1" in {path.stem for path in (run / "figures").iterdir()}


def test_called_again_it_does_nothing_twice_and_finds_the_same(
    found: tuple[Path, Findings], settings: CompareSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = found
    monkeypatch.setattr(module, "write_comparison", quiet_report)
    before = {path: path.stat().st_mtime_ns for path in (run / "pieces").rglob("*") if path.is_file()}
    scores = (run / "scores.json").read_text()
    events: list[dict[str, Any]] = []
    compare(run, settings, events.append, workers=1)
    assert {path: path.stat().st_mtime_ns for path in (run / "pieces").rglob("*") if path.is_file()} == before
    assert (run / "scores.json").read_text() == scores
    assert "pieces are done already" in events[0]["message"]


def test_bad_data_leave_a_line_and_the_rest_is_reported(
    found: tuple[Path, Findings], settings: CompareSettings, tmp_path: Path
) -> None:
    run, _ = found
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "metadata.csv").write_text("nothing")
    more = settings.model_copy(
        update={
            "test_sets": (settings.test_sets[1], str(tmp_path / "bad")),
            "resampling": (),
            "fine_tune": (),
        }
    )
    with pytest.raises(
        TerrellaError, match=r"1 pieces failed and .* wait for them; the first is store_bad.*report\.html"
    ):
        compare(run, more, quiet, workers=1)
    page = (run / "report.html").read_text()
    assert "What failed" in page
    assert "PhaseNet · sharp" in page
