"""Magnitude and distance from one station: its parts against what is known, and the verbs as a user types them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from motion_cases import run
from scipy.integrate import quad
from scipy.special import ndtr
from station_cases import CUT, FORM, GAIN, small, write_set

from terrella.cli.main import main
from terrella.engine.judge.comparing import gaussian_crps
from terrella.errors import InputError
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.motion.model import load_model
from terrella.motion.settings import DataSettings, MotionSettings
from terrella.motion.single_station.classical import (
    CLASSICAL,
    KNOWN,
    REGRESSION,
    fit_classical,
    gaussians,
    means,
)
from terrella.motion.single_station.folds import pairs_of
from terrella.motion.single_station.held_out import network_gaussians
from terrella.motion.single_station.model import load_station_model
from terrella.motion.single_station.network import StationNetwork, last_member
from terrella.motion.single_station.prepared import Prepared, scaling_of
from terrella.motion.single_station.read import read_traces
from terrella.motion.single_station.scores import calibrated_across, resampled
from terrella.motion.single_station.synthetic import make_network, make_synthetic, velocity
from terrella.motion.single_station.traces import SCALARS
from terrella.motion.single_station.training import make_network as make_encoder
from terrella.motion.single_station.training import started
from terrella.motion.single_station.windows import Windowing, windows_of


def ignore(event):
    return None


def scalar(values, name):
    return values[:, SCALARS.index(name)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("sets") / "ours")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, folder):
    place = tmp_path_factory.mktemp("runs") / "small"
    assert run("train", folder, "--run", place, "--no-plan", *small()) == 0
    assert run("judge", "--run", place) == 0
    return place


@pytest.fixture(scope="module")
def made():
    return make_synthetic(40, 25, CUT, 3)


def said(capsys) -> str:
    told = capsys.readouterr()
    return " ".join((told.out + told.err).split())


def test_scalars_of_a_sine_are_what_theory_says():
    cut, hz, size = Windowing(30.0, 100.0), 2.0, 3e-5
    time = np.arange(cut.samples) / cut.rate_hz
    motion = np.zeros((1, 3, cut.samples), np.float32)
    motion[0, 1] = size * np.hanning(cut.samples) * np.cos(2 * np.pi * hz * (time - time.mean()))
    motion[0, 0] = motion[0, 1] / 10
    window, found = windows_of(motion, np.array([[True, True, False]]), cut, "velocity")
    s, own = 2j * np.pi * hz, 2 * np.pi / 0.8
    expected = size * abs(s / (s**2 + 1.4 * own * s + own**2))  # displacement is velocity over s
    assert scalar(found, "wood_anderson")[0] == pytest.approx(np.log10(expected), abs=0.003)
    assert scalar(found, "peak_horizontal")[0] == pytest.approx(np.log10(size), abs=1e-3)
    assert scalar(found, "peak_vertical")[0] == pytest.approx(np.log10(size) - 1, abs=1e-3)
    assert 10 ** scalar(found, "frequency")[0] == pytest.approx(hz, rel=0.01)
    assert np.allclose(np.sinh(window[0].astype(float)) / 50, motion[0] / size, atol=4e-3)
    louder, more = windows_of(1000 * motion, np.array([[True, True, False]]), cut, "velocity")
    assert np.array_equal(window, louder)  # the amplitude is in the scalars alone
    change = (more - found)[0]
    levels = [n.endswith("peak") or n.startswith("peak") or n in ("wood_anderson", "noise") for n in SCALARS]
    assert np.allclose(change[levels], 3, atol=1e-4)


def test_a_data_set_is_read_as_it_was_made(folder):
    table = pd.read_csv(folder / "metadata.csv")
    traces = read_traces(folder, CUT, True, ignore)
    assert (traces.unit, traces.kind, len(traces)) == ("m/s", "hypocentral", len(table))
    assert np.allclose(traces.magnitude, table["source_magnitude"])
    assert np.allclose(traces.distance_km, np.hypot(table["path_ep_distance_km"], table["source_depth_km"]))
    assert np.allclose(traces.sp_s, (table["trace_Sg_arrival_sample"] - CUT.before) / 20, equal_nan=True)
    draw = np.random.default_rng(0)
    net = make_network(30, 25, draw)
    motion, _ = velocity(net, np.flatnonzero(net.along_km < 120), CUT, draw)
    window, own = windows_of(motion, np.ones((len(motion), 3), bool), CUT, "velocity")
    assert np.allclose(traces.scalars[:, :8], own[:, :8], atol=2e-3)
    assert np.allclose(traces.window, window, atol=2e-2)
    assert np.allclose(scalar(traces.scalars, "elevation"), 0.5)


def test_members_never_see_what_they_judge(made):
    pairs = pairs_of(made, DataSettings(event_folds=3, station_folds=2))
    learned, judged = pairs.learned(), pairs.judged()
    assert learned[:, -1].all()
    for member in range(3):
        own = judged & (pairs.of_event == member)
        assert own.any()
        assert not np.isin(made.event[own], made.event[learned[:, member]]).any()
        assert not np.isin(made.station[own], made.station[learned[:, member]]).any()


def test_relations_are_found_where_data_obey_them(made):
    r, sp = made.distance_km, made.distance_km / 8.3
    magnitude = 0.8 * scalar(made.scalars, "wood_anderson") + 1.1 * np.log10(r) + 0.002 * r + 6.0
    sp[::3] = np.nan
    exact = replace(made, magnitude=magnitude, sp_s=sp)
    given = Prepared(
        exact, pairs_of(exact, DataSettings(event_folds=2, station_folds=2)), scaling_of(exact), ""
    )
    fitted = fit_classical(given)
    assert np.allclose(fitted.relation, [0.8, 1.1, 0.002, 6.0], atol=1e-6)
    assert np.allclose(10**fitted.sp, 8.3)
    known = means(KNOWN, fitted, 0, exact, given.scaling)
    assert np.allclose(known[:, 0], magnitude, atol=1e-6)
    told, regressed = (means(name, fitted, 0, exact, given.scaling) for name in (CLASSICAL, REGRESSION))
    picked = np.isfinite(sp)
    assert np.allclose(told[picked], exact.targets()[picked], atol=1e-6)
    assert np.array_equal(told[~picked], regressed[~picked])


def test_scores_are_those_of_gaussians():
    mean, deviation, truth = 1.0, 0.7, 1.9
    step = quad(
        lambda x: (ndtr((x - mean) / deviation) - (x >= truth)) ** 2, -6, 9, points=[truth], limit=200
    )[0]
    assert gaussian_crps(np.array(truth) - mean, np.array(deviation)) == pytest.approx(step, abs=1e-6)
    draw = np.random.default_rng(0)
    spread = draw.uniform(0.5, 2, (4000, 2))
    y = draw.normal(size=(4000, 2)) * spread
    wrong = np.stack([np.zeros_like(y), spread / 3], -1)
    label = np.arange(4000) % 40
    right = calibrated_across(wrong, y, label % 4)
    assert np.allclose(right[..., 1] / spread, 1, atol=0.06)
    found = resampled({"a": right, "b": wrong}, y, label, label // 2, 50)
    assert found["a"]["cover90@magnitude"][0] == pytest.approx(0.9, abs=0.02)
    assert found["b"]["cover90@magnitude"][0] < 0.5
    assert found["a"]["crps@distance"].shape == (51,)
    assert (found["a"]["crps@distance"] < found["b"]["crps@distance"]).all()


def test_the_last_member_alone_says_what_it_said_among_all():
    torch.manual_seed(1)
    network = StationNetwork(3, 200, len(SCALARS), 4).eval()
    with torch.no_grad():
        for each in network.parameters():
            each.add_(0.1 * torch.randn_like(each))
        window, scalars = torch.randn(5, 3, 200), torch.randn(5, len(SCALARS))
        every, alone = network(window, scalars), last_member(network)(window, scalars)
    assert torch.allclose(every[-1], alone[0], atol=1e-5)
    assert not torch.allclose(every[0], every[-1], atol=0.01)


def test_a_training_begins_at_the_regression(made):
    settings = MotionSettings.model_validate({"data": {"seconds": 12, "event_folds": 2, "station_folds": 2}})
    given = Prepared(made, pairs_of(made, settings.data), scaling_of(made), "")
    fitted = fit_classical(given)
    network = started(make_encoder(settings), fitted, given.scaling).eval()
    told = network_gaussians(network, given.scaling, made)
    for member in range(3):
        expected = gaussians([REGRESSION], fitted, member, made, given.scaling)[REGRESSION]
        assert np.allclose(told[member], expected, atol=1e-4)


def test_records_that_are_odd_are_read_and_said(tmp_path):
    about = {
        "trace_P_arrival_sample": 400, "source_magnitude": 2.0, "path_hyp_distance_km": 30.0, "source_id": "a",
        "station_code": "S", "trace_sampling_rate_hz": 100.0,
    }  # fmt: skip
    wave = np.random.default_rng(0).normal(size=(3, 2400)) + 5000.0
    broken = wave.copy()
    broken[0, 100:120] = np.nan
    traces = [
        ({**about, "trace_component_order": "Z12"}, wave),
        ({**about, "trace_component_order": "Z12"}, broken),
        ({**about, "trace_component_order": "Z"}, wave[:1]),
        ({**about, "trace_component_order": "Z12", "trace_P_arrival_sample": 1500}, wave),
        ({**about, "trace_component_order": "Z12", "trace_P_arrival_sample": 0}, wave),
        ({**about, "trace_component_order": "Z12"}, np.zeros((3, 2400))),
    ]
    write_data_set(tmp_path / "odd", traces, {"unit": "m/s", "measurement": "velocity"})
    found = read_traces(tmp_path / "odd", CUT, True, ignore)
    told = "; ".join(found.findings)
    for words in ("1 traces hold nothing after P", "1 traces have NaN", "no column source_magnitude_type"):
        assert words in told
    assert found.row.tolist() == [1, 2, 3, 4, 5]
    assert scalar(found.scalars, "horizontals").tolist() == [1, 1, 0, 1, 1]
    assert np.allclose(scalar(found.scalars, "seen"), [1, 1, 1, (2400 - 1300) / 1400, 1])
    assert np.isnan(scalar(found.scalars, "noise")).tolist() == [False] * 4 + [True]
    assert np.isfinite(found.window).all()
    assert (np.abs(scalar(found.scalars, "peak_horizontal")) < 0.5).all()  # about 1 m/s without the offset


def test_a_run_is_judged_shown_and_resumed(trained, folder, capsys):
    document = json.loads((trained / "scores.json").read_text())
    assert list(document["models"]) == ["network", "linear regression", "S−P and ML", "mean", KNOWN]
    assert "crps@distance" not in document["models"][KNOWN]
    assert document["models"]["linear regression"]["rmse@magnitude"]["value"] < document["models"]["mean"][
        "rmse@magnitude"
    ]["value"]  # fmt: skip
    page = (trained / "report.html").read_text()
    for words in ("events and stations that no model saw", "Predicted and true", "Intervals are honest"):
        assert words in page
    assert run("show", trained) == 0
    assert "magnitude: predict uses" in said(capsys)
    assert run("train", folder, "--run", trained, *small()) == 0
    assert "this training is finished" in said(capsys)
    assert run("judge", "--run", trained, "--split", "dev") == 2
    assert "no dev split" in said(capsys)


def test_predictions_have_intervals_and_say_by_what_and_where_they_are_extrapolated(
    trained, tmp_path, capsys
):
    def louder(row, about):
        about.pop("source_magnitude")
        if row == 0:
            about["station_sensitivity_counts_spm"] = GAIN / 1e5
        if row == 1:
            about["trace_Pg_arrival_sample"] = np.nan

    other = write_set(tmp_path / "other", 1, 6, louder)
    assert run("predict", other, "--bundle", trained, "-o", tmp_path / "out.csv") == 0
    assert "1 traces have no pick of P: left out" in said(capsys)
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["row"].tolist()[:2] == [1, 3]
    assert found["extrapolated"][0]
    assert found["why"][0] == "amplitude or frequency outside the training's"
    assert (found["magnitude_p05"] < found["magnitude"]).all()
    assert (found["distance_p05_km"] < found["distance_km"]).all()
    assert set(found["magnitude_by"]) <= {"network", "linear regression", "S−P and ML", "mean"}
    model = load_station_model(trained)
    traces = read_traces(other, model.windowing, False, ignore)
    assert np.allclose(found["magnitude"], model.gaussians(traces)[:, 0, 0], rtol=1e-4)


def test_data_are_tabled_and_a_bundle_of_the_other_kind_is_named(trained, folder, tmp_path, capsys):
    assert run("data", folder, "-o", tmp_path / "out.csv") == 0
    assert "have magnitude and distance" in said(capsys)
    found = pd.read_csv(tmp_path / "out.csv")
    assert {"magnitude", "hypocentral_distance_km", "sp_s", *SCALARS} <= set(found)
    with pytest.raises(InputError, match="takes no scenarios"):
        load_model(trained)
    with pytest.raises(SystemExit, match="0"):
        main(["cite", str(trained)])
    assert "Richter1935" in capsys.readouterr().out


def test_another_data_set_is_judged_and_another_unit_is_refused(trained, tmp_path, capsys):
    other = write_set(tmp_path / "other", 1, 8)
    assert run("judge", other, "--run", trained, "--judge.resamples", 20) == 0
    assert json.loads((trained / "scores.json").read_text())["data"] == "other"
    raw = write_set(tmp_path / "raw", 2, 4, lambda row, about: about.pop("station_sensitivity_counts_spm"))
    capsys.readouterr()
    assert run("predict", raw, "--bundle", trained, "-o", tmp_path / "out.csv") == 2
    assert "waveforms are in counts, those of the training in m/s" in said(capsys)
    assert run("predict", tmp_path / "nothing.csv", "--bundle", trained, "-o", tmp_path / "out.csv") == 2
    assert (
        run("predict", other, "--bundle", trained, "-o", tmp_path / "o.csv", "--columns.magnitude", "M") == 2
    )
    assert "--columns is of flatfiles" in said(capsys)


def test_what_parts_add_is_the_prediction(trained, folder, tmp_path, capsys):
    pytest.importorskip("captum")
    typed = ("explain", folder, "--bundle", trained, "-o", tmp_path / "why.json", "--row", 2)
    assert run(*typed, "--measure", "distance") == 0
    told = json.loads((tmp_path / "why.json").read_text())
    assert sum(told["elements"]["adds"]) == pytest.approx(told["output"] - told["reference"], rel=0.02)
    assert (tmp_path / "why_waveform.png").is_file()
    assert run(*typed, "--measure", "PGA") == 2
    assert "tells magnitude and distance" in said(capsys)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row, about: about.pop("source_magnitude"), "there is nothing to learn magnitudes from"),
        (lambda row, about: about.pop("trace_Pg_arrival_sample"), "no trace has a pick of P"),
        (lambda row, about: about.pop("path_ep_distance_km"), "no distances; give path_hyp_distance_km"),
        (lambda row, about: about.pop("source_id"), "which traces are of one event is unknown"),
        (lambda row, about: about.update(source_id="one"), "there is but one event"),
        (lambda row, about: about.update(source_id=f"E{row % 3}"), "3 events are too few for 4 folds"),
    ],
)
def test_metadata_at_fault_are_told_in_a_line(tmp_path, capsys, change, words):
    folder = write_set(tmp_path / "given", 0, 6, change)
    typed = ("train", folder, "--run", tmp_path / "run", *small(event_folds=4))
    assert run(*typed) == 2
    told = said(capsys)
    assert words in told
    assert "Traceback" not in told


def test_settings_at_fault_are_told_in_a_line(folder, tmp_path, capsys):
    typed = ("train", folder, "--run", tmp_path / "run")
    for more, words in (
        (small(split="random"), "a random split puts records"),
        ([], "learned of a data set of waveforms with --data.kind waveforms"),
        (small(station_folds=26), "are too few for 26 folds of stations"),
    ):
        assert run(*typed, *more) == 2
        assert words in said(capsys)


def test_mixed_magnitudes_unknown_units_and_missing_depths_are_findings(tmp_path):
    def mixed(row, about):
        about["source_magnitude_type"] = "ML" if row % 2 else "mb"
        del about["station_sensitivity_counts_spm"]
        if row == 0:
            about["source_depth_km"] = np.nan

    traces = read_traces(write_set(tmp_path / "given", 0, 4, mixed, {**FORM, "unit": ""}), CUT, True, ignore)
    told = "; ".join(traces.findings)
    for words in ("several types", "unit of waveforms is not given", "all distances are epicentral"):
        assert words in told
    assert traces.kind == "epicentral"


def test_distances_come_from_coordinates_where_they_are_all_there_is(tmp_path):
    def placed(row, about):
        del about["path_ep_distance_km"]
        about |= {"source_longitude_deg": 10.0, "source_latitude_deg": 0.0, "source_depth_km": 30.0}
        about |= {"station_longitude_deg": 10.0, "station_latitude_deg": 0.36}

    traces = read_traces(write_set(tmp_path / "given", 0, 2, placed), CUT, True, ignore)
    assert np.allclose(traces.distance_km, 50.0, atol=0.05)


def test_the_real_data_sets_of_pick_have_no_magnitudes_and_say_so(shared_data):
    for name, traces in (("norsar_regional", 79), ("northern_california_local", 103)):
        place = shared_data / "pick" / name
        with pytest.raises(InputError, match="nothing to learn magnitudes from"):
            read_traces(place, CUT, True, ignore)
        assert len(read_traces(place, CUT, False, ignore)) == traces
