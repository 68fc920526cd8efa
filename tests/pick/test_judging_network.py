"""A network as a picker: where it looks, and what its probabilities become."""

import numpy as np
import pytest
import torch
from judging_stores import store_of
from torch import Tensor, nn

from terrella.pick.judging.network_picker import Network, NetworkPicker, network_picker
from terrella.pick.networks import Architecture, architecture
from terrella.pick.picker import Windows
from terrella.pick.store import Store

LENGTH = 9000


class Echo(nn.Module):
    """Says P where Z is large and S where N is, at each frame of some samples, or once for the whole input."""

    def __init__(self, frames: int, stride: int, first: int, outputs: int) -> None:
        super().__init__()
        self.at = first + np.arange(max(frames, 1)) * stride
        self.outputs, self.whole = outputs, frames == 0

    def forward(self, windows: Tensor) -> Tensor:
        said = 20 * windows[:, :, self.at]
        said[:, 2] = 10
        said = said[:, : self.outputs]
        return said[:, :, 0] if self.whole else said


def made(
    window: int, frames: int, stride: int = 1, first: int = 0, outputs: tuple[str, ...] = ("P", "S", "N")
) -> tuple[nn.Module, Architecture]:
    activation = "softmax" if "N" in outputs else "sigmoid"
    told = Architecture(
        "echo", "Echo", "", nn.Identity, window, outputs, activation, frames, stride, first, normalise_each=True,
        threshold=0.5,
    )  # fmt: skip
    return Echo(frames, stride, first, len(outputs)), told


def spikes(*of_trace: dict[str, list[int]]) -> Store:
    """Return a store with spikes on components at samples, and silence elsewhere."""
    samples = np.zeros((len(of_trace), 3, LENGTH), np.float32)
    for trace, components in zip(samples, of_trace, strict=True):
        for component, at in components.items():
            trace["ZNE".index(component), at] += 1
    picks = np.full((len(of_trace), 2), -1)
    return store_of(picks, np.full(len(of_trace), LENGTH), samples=samples.reshape(-1))


KINDS = {
    "one input": (3001, 3001),
    "several inputs": (600, 600),
    "slid every sample": (401, 0, 1, 200),
    "slid every fifth": (401, 0, 5, 200),
}


@pytest.mark.parametrize("kind", KINDS)
def test_answers_come_from_inside_the_window(kind: str) -> None:
    store = spikes(
        {"Z": [4210, 6000], "N": [4650]},  # P at 4210 and S at 4650 inside; another P outside
        {"Z": [3000], "N": [4999]},  # S on the window's last sample, P far before it
        {"Z": [], "N": []},
    )
    windows = Windows(np.arange(3), np.full(3, 4000), np.full(3, 5000))
    module, told = made(*KINDS[kind])
    found = network_picker(module, told).answer(store, windows)
    # Slid every fifth sample from 4002 on, it does not see single samples.
    if kind == "slid every fifth":
        assert ((found.p_sample - 4002) % 5 == 0).all()
        return
    assert found.p_sample[0] == 4210
    assert found.s_sample[:2].tolist() == [4650, 4999]
    assert found.detection[0] > 0.99
    assert found.detection[2] < 0.9 < found.detection[1]
    assert found.p_over_s[1] < -5
    assert abs(found.p_over_s[0]) < 1
    for each in (found.p_sample, found.s_sample):
        assert (each >= windows.start).all()
        assert (each < windows.end).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_is_answered_alike_alone_and_among_others_of_any_length(kind: str) -> None:
    draw = np.random.default_rng(1)
    lengths = np.array([9000, 450, 3100])
    store = store_of(np.full((3, 2), -1), lengths)
    trace = draw.integers(0, 3, 30)
    start = (draw.random(30) * (lengths[trace] - 300)).astype(np.int64)
    windows = Windows(trace, start, np.minimum(start + draw.choice([300, 1000, 3000], 30), lengths[trace]))
    picker = network_picker(*made(*KINDS[kind]))
    together = picker.answer(store, windows)
    for i in (0, 7, 29):
        alone = picker.answer(store, Windows(trace[i : i + 1], start[i : i + 1], windows.end[i : i + 1]))
        for name in ("detection", "p_over_s", "p_sample", "s_sample"):
            assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[i], rel=1e-4), name


def test_phasenet_answers_as_the_studys_model_does_window_by_window() -> None:
    told = architecture("phasenet")
    torch.manual_seed(0)
    module = told.make().eval()
    draw = np.random.default_rng(2)
    lengths = np.array([9001, 3500, 2000])
    store = store_of(np.full((3, 2), -1), lengths)
    trace = draw.integers(0, 3, 25)
    start = (draw.random(25) * (lengths[trace] - 1000)).astype(np.int64)
    start[:3] = 0
    windows = Windows(trace, start, start + 1000)
    found = network_picker(module, told).answer(store, windows)
    for i in range(25):
        x = torch.from_numpy(store.trace(int(trace[i])).copy())
        # The window in the middle of the input, which stays inside the trace as long as it can.
        p0 = max(0, min(int(start[i]) - 1000, x.shape[1] - 3001))
        x = nn.functional.pad(x, (0, 3001))[:, p0 : p0 + 3001]
        with torch.no_grad():
            p, s, n = told.probabilities(module(told.prepared(x[None])))[
                0, :, start[i] - p0 : start[i] - p0 + 1000
            ]
        assert found.detection[i] == pytest.approx(float((1 - n).max()), abs=1e-5)
        assert found.p_over_s[i] == pytest.approx(float(torch.log(p.max() / s.max())), abs=1e-4)
        assert float(p[int(found.p_sample[i] - start[i])]) == pytest.approx(float(p.max()), abs=1e-6)
        assert float(s[int(found.s_sample[i] - start[i])]) == pytest.approx(float(s.max()), abs=1e-6)


def test_a_picker_of_one_phase_takes_the_first_sample_above_its_threshold_else_the_middle() -> None:
    store = spikes({"Z": [4100, 4300]}, {"Z": [3990]}, {"Z": []})
    start = np.full(3, 4000)
    detector = Network(*made(500, 0, 10, 250))
    picker = NetworkPicker((Network(*made(1000, 1000, outputs=("P",))), detector), "both")
    found = picker.answer(store, Windows(np.arange(3), start, start + 1000))
    assert found.p_sample.tolist() == [4100, 4500, 4500]
    assert (found.s_sample % 50 == 25).all()  # the detector's, every 50 samples
    alone = NetworkPicker(picker.networks[:1], "P")
    long = alone.answer(store, Windows(np.arange(3), start, start + 3000))
    assert np.isnan(long.p_sample).all()
    assert np.isnan(long.detection).all()


def test_a_detector_of_frames_sees_those_that_reach_into_the_window() -> None:
    told = Architecture("c", "C", "", nn.Identity, 3000, ("detection",), "sigmoid", 19, 158, 79)

    class Frames(nn.Module):
        def forward(self, windows: Tensor) -> Tensor:
            return torch.arange(19.0).expand(len(windows), 1, 19) - 9

    store = spikes({})
    picker = network_picker(Frames(), told)
    # The input begins 1000 samples before the window: its frames are 1000 // 158 to 2000 // 158.
    found = picker.answer(store, Windows(np.zeros(1, int), np.array([4000]), np.array([5000])))
    assert found.detection[0] == pytest.approx(torch.sigmoid(torch.tensor(12.0 - 9)).item())
    for each in (found.p_over_s, found.p_sample, found.s_sample):
        assert np.isnan(each).all()


@pytest.mark.parametrize("name", ["basicphaseae", "cred", "dpp-detector", "eqtransformer", "gpd", "dpp-s"])
def test_every_network_answers_what_it_knows(name: str) -> None:
    told = architecture(name)
    torch.manual_seed(0)
    store = spikes({"Z": [4300], "N": [4600]}, {})
    start = np.array([4000, 8500])
    found = network_picker(told.make(), told).answer(store, Windows(np.arange(2), start, start + 500))
    known = {"detection": {"detection", "N"}, "p_over_s": {"P"}, "p_sample": {"P"}, "s_sample": {"S"}}
    for question, outputs in known.items():
        answered = bool(outputs & set(told.outputs)) and not (
            question == "p_over_s" and "S" not in told.outputs
        )
        assert np.isfinite(getattr(found, question)).all() == answered, question
