"""Labels against closed forms, against loops over samples, and against SeisBench's labellers."""

import os
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.pick.feed.labels import Onsets, _fill_gaussians, _gaussians, make_labels
from terrella.pick.feed.recipes import recipe
from terrella.pick.feed.windows import MISSING
from terrella.pick.networks import NAMES, architecture

anywhere = st.one_of(st.just(MISSING), st.integers(-8000, 12000), st.integers(0, 3000))


def onsets(p, s, fixed=False) -> Onsets:
    """Onsets of windows with one event each; p and s are lists of picks by window."""
    p, s = (torch.tensor(each, dtype=torch.int64)[:, None] for each in (p, s))
    return Onsets(p, s, torch.full(p.shape[:2], fixed))


def labels_of(name: str, given: Onsets) -> dict[str, np.ndarray]:
    made = make_labels(architecture(name), recipe(name), given)
    assert made.dtype == torch.float32
    return {output: made[:, row].numpy() for row, output in enumerate(architecture(name).outputs)}


@pytest.mark.parametrize("name", NAMES)
def test_labels_have_the_shape_of_the_answer_and_lie_between_zero_and_one(name):
    given = onsets([[100, 400], [MISSING, 2990], [MISSING, MISSING]], [[600], [MISSING], [300]])
    made = make_labels(architecture(name), recipe(name), given)
    frames = architecture(name).frames
    assert made.shape == (3, len(architecture(name).outputs), *([frames] if frames else []))
    assert made.min() >= 0
    assert made.max() == 1
    if architecture(name).activation == "softmax":
        torch.testing.assert_close(made.sum(1), torch.ones_like(made[:, 0]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(anywhere, anywhere, anywhere, anywhere), min_size=1, max_size=4))
def test_gaussians_on_a_cpu_are_those_in_closed_form(picks):
    picks = torch.tensor(picks)
    fast, exact = torch.full((len(picks), 3, 3001), 7.0), torch.full((len(picks), 3, 3001), 5.0)
    _fill_gaussians(fast, picks[:, :2], picks[:, 2:], 0, 2, 1, 20.0)
    _gaussians(exact, picks[:, :2], picks[:, 2:], 0, 2, 1, 20.0)
    torch.testing.assert_close(fast, exact, rtol=1e-5, atol=5e-7)


def test_two_gaussians_at_one_sample_share_it():
    found = labels_of("phasenet", onsets([[1000]], [[1000]]))
    assert found["P"][0, 1000] == found["S"][0, 1000] == 0.5
    assert found["N"][0, 1000] == 0
    one = labels_of("phasenet", onsets([[1000]], [[MISSING]]))
    np.testing.assert_allclose(
        one["P"][0, 1000 + np.arange(-60, 61)], np.exp(-(np.arange(-60, 61) ** 2) / 800), 1e-5
    )


def test_picks_outside_the_window_reach_into_it():
    found = labels_of("phasenet", onsets([[-10]], [[3010]]))
    np.testing.assert_allclose(found["P"][0, 0], np.exp(-100 / 800), 1e-6)
    np.testing.assert_allclose(found["S"][0, -1], np.exp(-100 / 800), 1e-6)


@settings(max_examples=40, deadline=None)
@given(anywhere, anywhere, st.booleans())
def test_a_detection_is_on_from_p_until_after_s(p, s, fixed):
    found = labels_of("eqtransformer", onsets([[p]], [[s]], fixed))["detection"][0]
    at = np.arange(6000)
    known = p != MISSING and (fixed or (s != MISSING and s >= p))
    end = p + 2000 if fixed else int(s + 1.4 * (s - p))
    np.testing.assert_array_equal(found, known & (at >= p) & (at < end))


def test_detections_of_two_events_are_united():
    p, s = torch.tensor([[[100], [150]]]), torch.tensor([[[200], [400]]])
    found = labels_of("eqtransformer", Onsets(p, s, torch.zeros(1, 2, dtype=torch.bool)))["detection"][0]
    np.testing.assert_array_equal(np.flatnonzero(found), np.arange(100, 750))


@settings(max_examples=40, deadline=None)
@given(st.integers(-4000, 4000), st.integers(0, 3000))
def test_frames_of_cred_are_means_over_158_samples(p, later):
    found = labels_of("cred", onsets([[p]], [[p + later]]))["detection"][0]
    box = np.zeros(3002)
    box[max(p, 0) : min(max(int(p + later + 1.4 * later), 0), 3000)] = 1
    np.testing.assert_allclose(found, box.reshape(19, 158).mean(1), atol=1e-6)


def test_steps_begin_at_the_first_pick_of_the_phase():
    given = onsets([[300, 250], [MISSING, -5], [MISSING, MISSING]], [[700], [MISSING], [900]])
    assert labels_of("dpp-p", given)["P"].sum(1).tolist() == [750, 1000, 0]
    assert labels_of("dpp-s", given)["S"].sum(1).tolist() == [300, 0, 100]


@pytest.mark.parametrize(
    ("p", "s", "expected"),
    [(200, MISSING, "P"), (MISSING, 120, "S"), (150, 260, "P"), (130, 250, "S"), (99, 300, "N"), (100, 300, "P"),
     (MISSING, MISSING, "N"), (MISSING, 299, "S")],
)  # fmt: skip
def test_the_class_of_a_window_of_gpd_is_that_of_its_most_central_pick(p, s, expected):
    found = labels_of("gpd", onsets([[p]], [[s]]))
    assert [output for output, value in found.items() if value[0] == 1] == [expected]


def test_a_window_of_the_dpp_detector_counts_picks_up_to_its_ends():
    found = labels_of("dpp-detector", onsets([[0], [499], [500]], [[MISSING]] * 3))
    assert found["P"].tolist() == [1, 1, 0]


@pytest.fixture(scope="module")
def labelling(tmp_path_factory):
    """SeisBench's labellers."""
    os.environ["SEISBENCH_CACHE_ROOT"] = str(tmp_path_factory.mktemp("cache"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("seisbench.generate")


COLUMNS = {"trace_P_arrival_sample": "P", "trace_Pn_arrival_sample": "P", "trace_S_arrival_sample": "S"}


def theirs(labeller, p, pn, s, samples):
    metadata = {
        name: float("nan") if pick == MISSING else float(pick)
        for name, pick in zip(COLUMNS, (p, pn, s), strict=True)
    }
    state = {"X": (np.zeros((3, samples)), metadata)}
    labeller(state)
    return state["y"][0]


@settings(max_examples=25, deadline=None)
@given(anywhere, anywhere, anywhere)
def test_labels_equal_those_of_seisbench(labelling, p, pn, s):
    given = onsets([[p, pn]], [[s]])
    for name, labeller in (
        ("phasenet", labelling.ProbabilisticLabeller(label_columns=COLUMNS, sigma=20, dim=0)),
        ("dpp-detector", labelling.StandardLabeller(label_columns=COLUMNS, on_overlap="fixed-relevance")),
        (
            "gpd",
            labelling.StandardLabeller(
                label_columns=COLUMNS, on_overlap="fixed-relevance", low=100, high=-100
            ),
        ),
        ("dpp-p", labelling.StepLabeller(label_columns=COLUMNS)),
        ("eqtransformer", labelling.DetectionLabeller(list(COLUMNS)[:2], s_phases=list(COLUMNS)[2:])),
    ):
        samples = architecture(name).window
        expected = theirs(labeller, p, pn, s, samples)
        found = make_labels(architecture(name), recipe(name), given)[0].numpy()
        if name == "eqtransformer" or name == "dpp-p":
            found, expected = found[0], expected[0]
        elif expected.dtype == np.int64:
            # Two picks as far from the centre as each other: any of them may name the window.
            near = [abs(each - samples // 2) for each in (p, pn, s)]
            if len(set(near)) < 3:
                continue
            found = found.argmax(keepdims=True)
        np.testing.assert_allclose(found, expected, atol=2e-6, err_msg=name)
