"""Curves and picks along records: windows put together one by one say the same, and beginnings do not matter."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.waveforms.archive import Segment
from terrella.pick.continuous import picking
from terrella.pick.continuous.annotate import annotate, make_annotator, needed
from terrella.pick.continuous.peaks import FWHM, peaks, separated
from terrella.pick.continuous.picking import pick_curves, pick_span
from terrella.pick.continuous.policies import Policies, phases_of, shifted
from terrella.pick.continuous.record import Record
from terrella.pick.networks import architecture

START_S = 1_562_371_200
NS = 10**9
CODES = tuple(("XX", "ONE", "", f"HH{letter}") for letter in "ZNE")


class Loud(torch.nn.Module):
    """Says P where the vertical is loud, S where the north is."""

    def forward(self, x):
        loud = torch.nn.functional.avg_pool1d(x.abs(), 41, 1, 20)
        p, s, _ = ((loud / loud.mean(-1, keepdim=True) - 4) * 3).unbind(1)
        return torch.stack((p, s, torch.zeros_like(p)), 1)


class Held:
    """An archive of segments that are there already."""

    def __init__(self, samples, begin_s=0.0, rate_hz=100.0, gap=None):
        first_ns = START_S * NS + round(begin_s * NS)
        parts = [(0, samples.shape[1])] if gap is None else [(0, gap[0]), (gap[1], samples.shape[1])]
        self.held = [
            Segment(code, first_ns + round(a / rate_hz * NS), rate_hz, row[a:b])
            for a, b in parts
            for code, row in zip(CODES, samples, strict=True)
        ]

    def read(self, codes, first_ns, end_ns, found):
        return self.held


def small():
    return make_annotator(
        Loud(), replace(architecture("phasenet"), name="loud", window=500, frames=500, overlap=250)
    )


def picked(held, block_s=3600, seconds=600, annotator=None, **policies):
    return pick_span(
        annotator or small(),
        held,
        CODES,
        START_S * NS,
        (START_S + seconds) * NS,
        Policies(**policies),
        lambda what, name: None,
        block_s,
    )


def with_pulses():
    samples = np.random.default_rng(3).normal(0, 1, (3, 30_000))
    for k, at in enumerate(range(1500, 29_000, 1700)):
        samples[k % 2, at : at + 40] += 300
    return samples


def after(picks, seconds):
    return [each for each in picks if each.time_ns >= (START_S + seconds) * NS]


@given(cut=st.integers(0, 1200))
@settings(deadline=None, max_examples=12)
def test_where_a_stream_begins_changes_no_pick(cut):
    samples = with_pulses()
    whole, later = picked(Held(samples)), picked(Held(samples[:, cut:], cut / 100))
    # Windows that reach beyond the beginning see less: picks within a window's length from there may change.
    edge = (cut + 500) / 100
    assert len(after(whole, edge)) >= 14
    assert after(whole, edge) == after(later, edge)


@given(block_s=st.integers(31, 250))
@settings(deadline=None, max_examples=8)
def test_the_length_of_blocks_changes_no_pick(block_s):
    held = Held(with_pulses())
    assert picked(held) == picked(held, block_s)


@given(late_ms=st.integers(-4, 4))
@settings(deadline=None, max_examples=9)
def test_picks_keep_the_fraction_of_a_sample_by_which_a_record_is_late(late_ms):
    samples = with_pulses()
    whole, late = picked(Held(samples)), picked(Held(samples, late_ms / 1000))
    shift = {round((b.time_ns - a.time_ns) / 1e6, 3) for a, b in zip(whole, late, strict=True)}
    assert shift == {late_ms}


@pytest.mark.parametrize(("size", "offset"), [(1e-13, 0), (1e15, 0), (1, 1e8), (1e-3, -1e9), (1e-20, 1e-9)])
def test_neither_size_nor_offset_changes_a_pick(size, offset):
    """PhaseNet and its like know shapes alone; single precision and an epsilon of 1e-10 knew more."""
    whole = picked(Held(with_pulses()))
    other = picked(Held(with_pulses() * size + offset))
    assert [(each.phase, each.time_ns // NS) for each in other] == [
        (each.phase, each.time_ns // NS) for each in whole
    ]
    for one, two in zip(whole, other, strict=True):
        assert abs(one.time_ns - two.time_ns) < 1e6
        assert two.probability == pytest.approx(one.probability, abs=1e-3)
        assert two.amplitude == pytest.approx(one.amplitude * size, rel=1e-3)


def test_windows_cannot_begin_more_often_than_samples():
    assert shifted(architecture("phasenet"), 1) == architecture("phasenet")
    for name, shifts in (("phasenet", 0), ("phasenet", 1502), ("gpd", 2)):
        with pytest.raises(InputError, match="--shifts"):
            shifted(architecture(name), shifts)


def test_no_pick_lies_at_the_edge_of_a_gap():
    # It begins within the second pulse and ends within the fourth.
    picks = picked(Held(with_pulses(), gap=(3220, 6620)), edge_s=0.5)
    at = np.array([each.time_ns / NS - START_S for each in picks]) * 100
    assert not ((at > 3170) & (at < 6670)).any()
    assert len(at) == 14


def test_amplitude_is_the_largest_sample_less_the_mean_before_it():
    assert all(200 < each.amplitude < 330 for each in picked(Held(with_pulses() + 5000)))


@pytest.mark.parametrize(
    ("name", "shifts"),
    [
        *(("phasenet", n) for n in (1, 3)),
        ("basicphaseae", 1),
        ("eqtransformer", 1),
        ("dpp-detector", 1),
        ("cred", 1),
    ],
)
def test_curves_equal_windows_put_together_one_by_one(name, shifts):
    torch.manual_seed(0)
    known = shifted(architecture(name), shifts)
    network = known.make().eval()
    annotator = make_annotator(network, known)
    first, end = 100_003, 100_003 + known.window
    begin, until = needed(known, first, end)
    samples = np.random.default_rng(0).normal(size=(len(known.components), until - begin)).astype(np.float32)
    late = np.zeros(samples.shape[1], np.float32)
    record = Record(begin, samples, np.ones(samples.shape, bool), 100.0, late)
    curves = annotate(annotator, record, first, end)
    step = known.window - known.overlap if known.frames else known.stride
    rows = [known.outputs.index(phase) for phase in phases_of(known)]
    answers: dict[int, list[np.ndarray]] = {}
    for start in range(begin, until - known.window + 1, step):
        window = torch.from_numpy(samples[None, :, start - begin : start - begin + known.window])
        with torch.inference_mode():
            said = known.probabilities(network(known.prepared(window)))[0].numpy()[rows]
        frames = said.reshape(len(rows), -1)
        for frame in range(known.blind, frames.shape[1] - known.blind):
            at = start + known.first + frame * known.stride
            spread = range(-(known.stride // 2), known.stride - known.stride // 2) if known.frames else (0,)
            for sample in spread:
                answers.setdefault(at + sample, []).append(frames[:, frame])
    put = np.max if known.stack == "max" else np.mean
    places = curves.first + np.arange(curves.values.shape[1]) * curves.stride
    inside = [k for k, at in enumerate(places.tolist()) if first <= at < end]
    expected = np.stack([put(answers[int(places[k])], 0) for k in inside], 1)
    np.testing.assert_allclose(curves.values[:, inside], expected, atol=2e-6)


def test_gpd_gives_the_answers_of_its_dense_evaluation():
    torch.manual_seed(0)
    known = architecture("gpd")
    network = known.make().eval()
    first, end = 8000, 9600
    begin, until = needed(known, first, end)
    samples = np.random.default_rng(0).normal(size=(3, until - begin)).astype(np.float32)
    record = Record(begin, samples, np.ones(samples.shape, bool), 100.0, np.zeros(until - begin, np.float32))
    curves = annotate(make_annotator(network, known), record, first, end)
    assert curves.first % 8 == 0
    assert curves.stride == 8
    for k in range(0, curves.values.shape[1], 40):
        start = curves.first + 8 * k - known.first - begin
        window = torch.from_numpy(samples[None, :, start : start + known.window])
        with torch.inference_mode():
            said = known.probabilities(network(known.prepared(window)))[0, :2].numpy()
        np.testing.assert_allclose(curves.values[:, k], said, atol=1e-5)


def test_windows_are_left_out_where_less_than_half_is_recorded():
    annotator = small()
    known = annotator.architecture
    begin, until = needed(known, 10_000, 14_000)
    samples = np.zeros((3, until - begin), np.float32)
    recorded = np.zeros(samples.shape, bool)
    recorded[0, 11_000 - begin : 11_100 - begin] = True
    recorded[0, 13_000 - begin : 13_600 - begin] = True
    samples[recorded] = 1000 * np.random.default_rng(1).normal(size=int(recorded.sum()))
    curves = annotate(
        annotator,
        Record(begin, samples, recorded, 100.0, np.zeros(samples.shape[1], np.float32)),
        10_000,
        14_000,
    )
    said = np.flatnonzero(curves.values.any(0)) + 10_000
    assert said.min() > 12_700
    assert set(range(13_000, 13_600)) <= set(said.tolist())


def test_every_window_is_evaluated_once_and_those_at_the_borders_of_blocks_twice():
    annotator = small()
    seen = []
    evaluate = annotator.evaluate
    counted = replace(annotator, evaluate=lambda windows: (seen.append(len(windows)), evaluate(windows))[1])
    samples = np.random.default_rng(3).normal(0, 1, (3, 60_000))
    picked(Held(samples), annotator=counted)
    step = annotator.architecture.window - annotator.architecture.overlap
    assert abs(sum(seen) - 60_000 / step) <= 3
    whole, _ = sum(seen), seen.clear()
    picked(Held(samples), block_s=200, annotator=counted)
    # A block sees ten seconds more on both sides, and windows reach over that.
    assert whole < sum(seen) <= whole + 2 * 12


def test_a_gaussian_curve_gives_its_top_and_its_width():
    at = np.arange(1000)
    curve = (0.8 * np.exp(-0.5 * ((at - 400) / 12) ** 2)).astype(np.float32)
    curve += (0.25 * np.exp(-0.5 * ((at - 700) / 12) ** 2)).astype(np.float32)
    tops, widths = peaks(curve, 0.3)
    assert tops.tolist() == [400]
    assert widths[0] / FWHM == pytest.approx(12, rel=0.01)
    assert all(len(each) == 0 for each in peaks(np.zeros(10, np.float32), 0.3))


@given(st.floats(399, 401))
def test_a_pick_lies_between_samples_where_the_curve_says_so(top):
    annotator = small()
    curve = (0.8 * np.exp(-0.5 * ((np.arange(1000) - top) / 12) ** 2)).astype(np.float32)
    record = Record(
        0, np.zeros((3, 1000), np.float32), np.ones((3, 1000), bool), 100.0, np.zeros(1000, np.float32)
    )
    from terrella.pick.continuous.annotate import Curves

    curves = Curves(0, 1, ("P",), curve[None])
    (pick,) = pick_curves(curves, record, annotator, Policies(), 0, 1000)
    assert pick.time_ns / 1e7 == pytest.approx(top, abs=0.05)


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1)), max_size=30), st.floats(0.1, 3))
def test_picks_that_stay_are_apart_and_others_have_a_likelier_neighbour(pairs, separation_s):
    time_s = np.array(sorted(time for time, _ in pairs))
    probability = np.array([p for _, p in pairs])
    stay = separated(time_s, probability, separation_s)
    assert (np.diff(time_s[stay]) > separation_s * (1 - 1e-9) - 1e-9).all()
    for time, p in zip(time_s[~stay], probability[~stay], strict=True):
        near = np.abs(time_s[stay] - time) <= separation_s + 1e-9
        assert (probability[stay][near] >= p).any()


def real_record(shared_data, traces=6):
    """Return real traces, one after the other, with their own noise between them."""
    import h5py
    import pandas as pd

    folder = shared_data / "pick" / "northern_california_local"
    table = pd.read_csv(folder / "metadata.csv")
    parts = []
    with h5py.File(folder / "waveforms.hdf5") as file:
        for name in table["trace_name"][:traces]:
            bucket, _, where = name.partition("$")
            trace = np.asarray(file["data"][bucket][int(where.split(",")[0])], np.float32)[:, :9000]
            parts += [trace, trace[:, 2700::-1]]
    return np.concatenate(parts, 1)


def test_real_picks_do_not_move_when_the_stream_begins_later(shared_data):
    from terrella.pick.bundle import load_picker_network

    network, known, _ = load_picker_network(shared_data / "pick" / "phasenet_original.safetensors")
    annotator = make_annotator(network, known)
    samples = real_record(shared_data)
    whole = picked(Held(samples), seconds=900, annotator=annotator)
    assert len(whole) >= 12
    for cut in (1, 137, 1500, 2999):
        later = picked(Held(samples[:, cut:], cut / 100), seconds=900, annotator=annotator)
        edge = (cut + known.window) / 100
        assert after(whole, edge) == after(later, edge)


def test_a_network_that_only_detects_gives_its_detections():
    assert phases_of(architecture("cred")) == ("detection",)
    assert phases_of(architecture("eqtransformer")) == ("P", "S")


@pytest.mark.parametrize("unknown", [[], [(0, 900, 1000)], [(0, 0, 3000)], [(1, 990, 1010), (2, 1100, 1200)]])
def test_amplitude_leaves_out_what_is_not_recorded(unknown):
    samples = (100 + 50 * np.random.default_rng(0).normal(size=(3, 3000))).astype(np.float32)
    recorded = np.ones(samples.shape, bool)
    for row, low, high in unknown:
        recorded[row, low:high] = False
    samples[~recorded] = 0
    record = Record(0, samples, recorded, 100.0, np.zeros(3000, np.float32))
    largest = 0.0
    for row, known in zip(samples, recorded, strict=True):
        before, after = row[800:1000][known[800:1000]], row[1000:1200][known[1000:1200]]
        level = before.mean() if len(before) else 0
        largest = max(largest, *(abs(after - level) if len(after) else [0]))
    assert picking._amplitude(record, 1000, 200) == pytest.approx(largest, rel=1e-5)
