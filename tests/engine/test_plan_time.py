"""Operators of a training step, their replay, predicted durations, and the model of communication."""

import subprocess
import sys
from itertools import count, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import mse_loss

from terrella.engine.plan.devices import Device, find_device
from terrella.engine.plan.step import Step
from terrella.engine.plan.time.communication import (
    Link,
    all_gather_seconds,
    all_reduce_seconds,
    exchange,
    reduce_scatter_seconds,
)
from terrella.engine.plan.time.duration import roofline, work_seconds
from terrella.engine.plan.time.operators import Work, step_work
from terrella.engine.plan.time.replay import replay, shrunk
from terrella.errors import InputError

PLAIN = Device(
    title="plain",
    kind="cpu",
    flops={"float32": 1e10},
    bandwidth=1e10,
    memory=1e9,
    launch_s=0.0,
    compute_share=1.0,
    bandwidth_share=1.0,
)
AT_HAND = PLAIN.model_copy(update={"at_hand": True, "launch_s": 1e-6})


def squares(network, batch):
    return mse_loss(network(batch["x"]), batch["y"])


def dense(batch=8, **changed):
    def make_batch(size):
        return {"x": torch.randn(size, 16), "y": torch.randn(size, 4)}

    return Step(lambda: nn.Linear(16, 4), make_batch, squares, batch, **changed)


def images(batch=2, channels=3, **changed):
    def make_network():
        return nn.Sequential(
            nn.Conv2d(channels, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 1, 1),
        )

    def make_batch(size):
        return {"x": torch.randn(size, channels, 32, 32), "y": torch.randn(size, 1, 16, 16)}

    return Step(make_network, make_batch, squares, batch, **changed)


def recurrent(batch=3):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(5, 7, batch_first=True)

        def forward(self, x):
            return self.lstm(x)[0]

    def make_batch(size):
        return {"x": torch.randn(size, 11, 5), "y": torch.randn(size, 11, 7)}

    return Step(Last, make_batch, squares, batch)


def flops_of(work, name):
    return sum(each.flops * count for each, count in work.all() if each.name == f"aten.{name}")


def test_flops_of_a_dense_layer():
    work = step_work(dense(8))
    # 2 · batch · in · out forward, and as much for the weight's gradient; the input needs none.
    assert flops_of(work, "addmm") == 2 * 8 * 16 * 4
    assert flops_of(work, "mm") == 2 * 8 * 16 * 4
    assert work.flops == 4 * 8 * 16 * 4
    assert work.parameters == 16 * 4 + 4


def test_flops_of_convolutions():
    work = step_work(images(2))
    first, second = 2 * (2 * 32 * 32) * 8 * 3 * 9, 2 * (2 * 16 * 16) * 1 * 8
    assert flops_of(work, "convolution") == first + second
    # The first one needs the gradient of its weights alone.
    assert flops_of(work, "convolution_backward") == first + 2 * second


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
def test_flops_of_a_recurrent_layer():
    work = step_work(recurrent(3))
    forward = 2 * (3 * 11) * (4 * 7) * (5 + 7)
    assert work.flops == pytest.approx(3 * forward)


def test_bytes_count_what_is_read_and_written():
    work = step_work(dense(8))
    (product,) = (each for each in work.counts if each.name == "aten.addmm")
    assert product.bytes == 4 * (4 + 8 * 16 + 16 * 4 + 8 * 4)
    assert all(each.bytes == 0 for each in work.counts if each.view)


def test_an_accumulated_step_does_the_same_arithmetic_in_more_calls():
    whole, parts = step_work(images(4)), step_work(images(4, accumulation=2))
    assert parts.flops == whole.flops
    assert parts.calls > whole.calls
    assert parts.batch_bytes == whole.batch_bytes == 4 * (3 * 32 * 32 + 16 * 16) * 4


def test_the_update_does_not_grow_with_the_batch():
    small, large = step_work(dense(2)), step_work(dense(200))
    assert small.updates == large.updates
    assert len(small.updates) > 5  # AdamW and the average
    assert any(each.name == "aten._foreach_norm" for each in small.counts)


def test_bfloat16_is_seen():
    work = step_work(images(2, precision="bfloat16"))
    assert {each.precision for each in work.counts if each.convolution} == {"bfloat16"}


def test_the_fake_step_does_what_the_real_one_does():
    """Apart from the clipping, whose path differs on tensors without values."""
    from torch.utils.flop_counter import FlopCounterMode

    step = images(2)
    network, batch = step.make_network(), step.make_batch(2)
    with FlopCounterMode(display=False) as counter:
        step.loss(network, batch).backward()
    assert step_work(step).flops == counter.get_total_flops()


def selecting(network, batch):
    errors = (network(batch["x"]) - batch["y"]) ** 2
    return errors[batch["y"] > 1].sum()


def test_masks_select_the_share_of_a_small_real_batch():
    step = Step(
        lambda: nn.Linear(16, 4),
        lambda size: {"x": torch.randn(size, 16), "y": torch.full((size, 4), 2.0).cumsum(1) - 5},
        selecting,
        1000,
    )
    work = step_work(step)  # y = −3, −1, 1, 3: a quarter is over one
    (chosen,) = (each for each in work.counts if each.name == "aten.index")
    assert chosen.outputs[0].shape == (1000,)


def test_a_path_that_depends_on_values_is_refused():
    def branching(network, batch):
        loss = squares(network, batch)
        return loss * 2 if loss > 1 else loss

    with pytest.raises(InputError, match="depends on values"):
        step_work(Step(lambda: nn.Linear(16, 4), dense().make_batch, branching, 2))


@pytest.mark.parametrize("make", [dense, images, recurrent])
def test_every_operator_can_be_replayed(make):
    work = step_work(make())
    for counts in (work.counts, work.updates):
        estimates = {each: 1e-5 for each in counts if not each.view}
        found = replay(estimates, 60.0, 1 << 30)
        assert found.keys() == estimates.keys()
        assert all(each.seconds >= 0 for each in found.values())


def test_an_operator_too_large_for_the_memory_is_divided_or_left_out():
    work = step_work(images(16))
    size = max(sum(each.bytes for each in (*o.operands, *o.outputs)) for o in work.counts)
    estimates = {each: 1e-5 for each in work.counts if not each.view}
    assert len(replay(estimates, 60.0, size // 2)) >= len(estimates) - 2
    assert not any(each.operands for each in replay(estimates, 60.0, 0))


def test_no_time_no_replay():
    work = step_work(dense())
    assert not replay(dict.fromkeys(work.counts, 1e-5), -1.0, 1 << 30)


def test_small_operators_are_not_given_up_for_large_ones(monkeypatch):
    """Roofs tell least of them: a random number takes twenty times what its bytes do."""
    monkeypatch.setattr(
        "terrella.engine.plan.time.replay.clock", map(float, count()).__next__
    )  # a second a look
    operators = [each for each in step_work(images()).counts if not each.view]
    estimates = {each: 1.0 if each.convolution else 1e-5 for each in operators}
    found = replay(estimates, 1.5, 1 << 30)
    assert found.keys() == {each for each in operators if not each.convolution}


def test_a_part_of_a_convolution_keeps_its_kernel():
    work = step_work(images(16))
    whole = next(each for each in work.counts if each.name == "aten.convolution")
    part = shrunk(whole, 4)
    assert [each.shape for each in part.operands] == [(4, 3, 32, 32), (8, 3, 3, 3), (8,)]
    assert part.flops == whole.flops / 4
    single = next(each for each in step_work(images(1)).counts if each.name == "aten.convolution")
    assert shrunk(single, 4).operands[0].shape == (1, 3, 8, 32)


def test_a_step_on_a_device_not_at_hand_is_its_roofline():
    work = step_work(images(2))
    found = work_seconds(work, PLAIN)
    expected = sum(max(o.flops, o.bytes) / 1e10 * count for o, count in work.all() if not o.view)
    assert found.seconds == pytest.approx(expected)
    assert found.low < found.seconds < found.high
    assert found.replayed == 0


def test_what_bounds_a_step():
    work = step_work(images(4, channels=32))
    fast = {"bandwidth": 1e15}
    assert work_seconds(work, PLAIN.model_copy(update=fast)).bound == "compute"
    fast = {"flops": {"float32": 1e18}}
    assert work_seconds(work, PLAIN.model_copy(update=fast)).bound == "memory traffic"
    assert work_seconds(work, PLAIN.model_copy(update={"launch_s": 1.0})).bound == "calls"


def test_a_roofline_adds_up_over_operators():
    first, second = (step_work(make(2)) for make in (dense, images))
    both = Work({**first.counts, **second.counts}, {**first.updates, **second.updates}, first.parameters, 0)
    total = sum(roofline(each, PLAIN) * count for each, count in both.all())
    assert work_seconds(both, PLAIN).seconds == pytest.approx(total)


def test_a_step_at_hand_is_replayed():
    found = work_seconds(step_work(images(2)), AT_HAND)
    assert 0 < found.low < found.seconds < found.high
    assert found.replayed > 0.8
    assert found.shares[0].seconds >= found.shares[-1].seconds > 0
    assert sum(each.seconds for each in found.shares) <= found.seconds * (1 + 1e-9)


def test_without_time_what_is_left_is_calculated():
    found = work_seconds(step_work(images(2)), AT_HAND, budget_s=-1.0)
    assert found.replayed == 0
    assert found.seconds > 0


LINK = Link(1e9, 1e-5)


def test_rings():
    """Thakur et al. (2005), Patarasuk and Yuan (2009), by hand."""
    assert all_gather_seconds(8e9, 4, LINK) == pytest.approx(3 * 1e-5 + 3 / 4 * 8)
    assert reduce_scatter_seconds(8e9, 4, LINK) == all_gather_seconds(8e9, 4, LINK)
    assert all_reduce_seconds(8e9, 4, LINK) == pytest.approx(6 * 1e-5 + 2 * 3 / 4 * 8)
    assert all_reduce_seconds(8e9, 1, LINK) == 0


@given(st.floats(1, 1e12), st.integers(2, 4096), st.floats(1e6, 1e12), st.floats(0, 1e-3))
def test_a_ring_moves_no_more_than_twice_the_data(size, processes, bandwidth, latency):
    link = Link(bandwidth, latency)
    waits = 2 * (processes - 1) * latency
    assert (
        all_reduce_seconds(size, processes, link) - waits <= 2 * size / bandwidth * (1 + 1e-9) + waits * 1e-9
    )
    assert all_reduce_seconds(size, processes + 1, link) >= all_reduce_seconds(size, processes, link)


@given(
    st.sampled_from(["replicated", "sharded"]), st.integers(1, 4), st.floats(1e-3, 10), st.integers(1, 10**9)
)
def test_efficiency_falls_with_the_number_of_processes(scheme, accumulation, seconds, parameters):
    work = Work({}, {}, parameters, 0)
    found = [exchange(work, seconds, p, LINK, accumulation, scheme) for p in (1, 2, 4, 32, 256)]
    assert found[0].efficiency == 1
    for fewer, more in pairwise(found):
        assert 0 < more.efficiency <= fewer.efficiency
        assert more.exposed_s <= more.communicating_s * (1 + 1e-9)
        assert more.step_s == pytest.approx(seconds / more.efficiency)


def test_long_gradients_are_hidden_by_the_backward_pass_all_but_the_last_bucket():
    work = Work({}, {}, 250 << 18, 0)  # 250 MiB: ten buckets
    found = exchange(work, 10.0, 4, LINK)
    bucket = all_reduce_seconds(25 << 20, 4, LINK)
    assert found.communicating_s == pytest.approx(10 * bucket)
    assert found.exposed_s == pytest.approx(bucket)
    short = exchange(work, 0.3, 4, LINK)
    assert short.exposed_s == pytest.approx(10 * bucket - 0.2)


def test_graphcast_lost_next_to_nothing_by_data_parallelism():
    """36.7 million weights, 300,000 single steps in two weeks on 32 TPU v4 (Lam et al. 2023): over 4 s a step."""
    device = find_device("tpu-v4")
    step = 14 * 86400 / 300_000
    found = exchange(Work({}, {}, 36_700_000, 0), step, 32, Link(device.link, device.link_latency_s))
    assert found.communicating_s < 0.01
    assert found.efficiency > 0.999


_FAULTS = """
import os
import resource
import sys
os.environ["THP_MEM_ALLOC_ENABLE"] = "0"  # pages of 4 KB alone
import torch
from torch import nn
from terrella.engine.plan.time import replay
from terrella.engine.plan.devices import Device
from terrella.engine.plan.time.duration import work_seconds
from terrella.engine.plan.step import Step
from terrella.engine.plan.time.operators import step_work

def count():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

found = []  # page faults of each measured call that returns a large tensor
measure = replay._timed

def counted(*arguments):
    before = count()
    seconds = measure(*arguments)
    made = arguments[-1][-1]
    if isinstance(made, torch.Tensor) and made.nbytes >= 1 << 25:
        found.append(count() - before)
    return seconds

replay._timed = counted
torch.set_num_threads(1)
step = Step(
    lambda: nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Sigmoid(), nn.Linear(16, 16)),
    lambda size: {"x": torch.randn(size, 16)},
    lambda network, batch: network(batch["x"]).square().mean(),
    1 << 19,
)
device = Device(title="", kind="cpu", flops={"float32": 1e10}, bandwidth=1e10, memory=1e9, at_hand=True)
work_seconds(step_work(step), device, 1.0, returned=sys.argv[1] == "returned")
print(len(found), sum(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
@pytest.mark.parametrize("freed", ["kept", "returned"])
def test_measured_calls_clear_pages_where_steps_do(freed):
    """All steps but the first find their memory in the heap; fresh memory is 8,192 pages a tensor."""
    command = [sys.executable, "-c", _FAULTS, freed]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    calls, faults = map(int, done.stdout.split())
    assert calls >= 8
    share = faults / (8192 * calls)
    assert share < 0.1 if freed == "kept" else share > 0.5
