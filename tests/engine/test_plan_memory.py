"""Memory that is predicted from shapes: by hand, by measurement, and how it answers to what is changed."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from terrella.engine.fit.muon import MuonAdamW
from terrella.engine.plan.memory.allocators import cached_peak, kept_peak, returned_peak
from terrella.engine.plan.memory.recompute import checkpointed
from terrella.engine.plan.memory.step_memory import predict_memory
from terrella.engine.plan.memory.trace import Block, Trace, _recorded, no_scratch, record
from terrella.engine.plan.step import Step
from terrella.engine.plan.time import operators
from terrella.engine.plan.time.operators import step_work
from terrella.errors import InputError

INPUTS, OUTPUTS, BATCH = 1000, 500, 64
INPUTS_OF_LSTM, HIDDEN, LENGTH = 2, 32, 800


def linear_step(batch=BATCH, **changes):
    return Step(
        make_network=lambda: nn.Linear(INPUTS, OUTPUTS, bias=False),
        make_batch=lambda size: {"x": torch.randn(size, INPUTS)},
        loss=lambda network, batch: network(batch["x"]).sum(),
        batch=batch,
        copies=0,
        **changes,
    )


def convolutions(channels=8):
    def block(first):
        return nn.Sequential(nn.Conv1d(first, channels, 5, padding=2), nn.ReLU(), nn.BatchNorm1d(channels))

    return nn.Sequential(block(3), block(channels), block(channels), nn.Conv1d(channels, 1, 1))


def convolution_step(batch=16, make=convolutions):
    return Step(
        make_network=make,
        make_batch=lambda size: {"x": torch.randn(size, 3, 4000), "y": torch.rand(size, 1, 4000)},
        loss=lambda network, batch: ((network(batch["x"]) - batch["y"]) ** 2).mean(),
        batch=batch,
    )


def live(memory) -> int:
    """Bytes of all tensors alive at the peak."""
    parts = ("parameters", "copies", "gradients", "optimiser", "batch", "activations", "workspace")
    return sum(getattr(memory, part) for part in parts)


def test_muon_holds_one_number_for_each_of_a_matrix_and_adamw_two():
    def make(network):
        matrix, bias = network.parameters()
        return MuonAdamW([matrix], [bias])

    step = replace(
        linear_step(), make_network=lambda: nn.Linear(INPUTS, OUTPUTS), make_optimiser=make, batch=BATCH
    )
    count = 4  # bytes: AdamW's own of its steps
    assert predict_memory(step).optimiser == 4 * INPUTS * OUTPUTS + 8 * OUTPUTS + count


def test_a_linear_layer_with_adamw_to_the_byte():
    weights = INPUTS * OUTPUTS * 4
    memory = predict_memory(linear_step())
    assert memory.parameters == weights
    assert memory.gradients == weights
    # Two moments of each weight and the count of steps.
    assert memory.optimiser == 2 * weights + 4
    assert memory.batch == BATCH * INPUTS * 4
    # AdamW's step without foreach: the denominator, and the root that it is made of.
    assert live(memory) - 4 * weights - 4 - memory.batch <= 2 * weights + 64


def test_copies_are_counted_with_their_buffers():
    none, two = (predict_memory(replace(convolution_step(), copies=copies)) for copies in (0, 2))
    each = sum(t.nbytes for t in convolutions().state_dict().values())
    assert two.copies == 2 * each
    assert live(two) - live(none) == 2 * each


def test_more_samples_take_more_memory_and_parts_take_less():
    sizes = [predict_memory(convolution_step(batch)).returned for batch in (8, 16, 32, 64)]
    assert sizes == sorted(sizes)
    # All that grows with the batch doubles.
    assert (sizes[3] - sizes[2]) / (sizes[2] - sizes[1]) == pytest.approx(2, rel=0.1)
    whole = predict_memory(convolution_step(64))
    parts = predict_memory(replace(convolution_step(64), accumulation=4))
    assert parts.activations < whole.activations / 3
    assert parts.batch == whole.batch


def test_activations_computed_again_are_not_held():
    step = convolution_step(64)
    again = replace(step, make_network=lambda: checkpointed(convolutions()))
    assert predict_memory(again).returned < 0.8 * predict_memory(step).returned


def test_a_checkpointed_network_has_the_same_gradients_and_statistics():
    torch.manual_seed(0)
    plain = convolutions()
    again = checkpointed(convolutions())
    again.load_state_dict(plain.state_dict())
    x = torch.randn(4, 3, 50)
    for network in (plain, again):
        network(x).square().sum().backward()
    for one, other in zip(plain.parameters(), again.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=1e-5, atol=1e-6)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_bfloat16_holds_smaller_activations():
    step = convolution_step(64)
    lower = replace(step, precision="bfloat16")
    assert predict_memory(lower).activations < predict_memory(step).activations


def test_what_a_recurrent_layer_keeps_for_its_gradient_is_counted():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.LSTM(INPUTS_OF_LSTM, HIDDEN, batch_first=True)

        def forward(self, x):
            return self.layer(x)[0]

    def predicted(batch):
        return predict_memory(
            Step(
                make_network=Recurrent,
                make_batch=lambda size: {"x": torch.randn(size, LENGTH, INPUTS_OF_LSTM)},
                loss=lambda network, batch: network(batch["x"]).mean(),
                batch=batch,
                copies=0,
            )
        )

    # Four gates, the cell's state and the hidden one of each step are needed for the gradient, and the output.
    for batch in (4, 64):
        assert predicted(batch).activations >= batch * LENGTH * HIDDEN * 4 * (4 + 1 + 1)
    # All of it grows with the batch, also where that is as long as the weights of the four gates are.
    grown = predicted(4 * HIDDEN).activations / predicted(2 * HIDDEN).activations
    assert grown == pytest.approx(2, rel=0.15)


def test_nothing_is_allocated_to_predict():
    # A weight of 4 TB.
    step = Step(
        make_network=lambda: nn.Linear(1_000_000, 1_000_000, bias=False),
        make_batch=lambda size: {"x": torch.randn(size, 1_000_000)},
        loss=lambda network, batch: network(batch["x"]).mean(),
        batch=2,
    )
    assert predict_memory(step).parameters == 4 * 10**12


def test_a_step_that_branches_on_values_is_refused_by_name():
    step = replace(
        linear_step(),
        loss=lambda network, batch: network(batch["x"]).sum() * (1 if batch["x"].sum() > 0 else 2),
    )
    with pytest.raises(InputError, match=r"path depends on values.*torch\.where"):
        predict_memory(step)


def test_blocks_die_with_their_storages_and_views_add_nothing():
    trace = record(linear_step())
    born = sum(moment >= 0 for moment in trace.moments)
    died = sum(moment < 0 for moment in trace.moments)
    weights = INPUTS * OUTPUTS * 4
    assert born == len(trace.blocks) > died
    left = sum(trace.blocks[m].bytes if m >= 0 else -trace.blocks[-1 - m].bytes for m in trace.moments)
    # Weights, gradients and two moments, and the last batch.
    assert left == pytest.approx(4 * weights + BATCH * INPUTS * 4, abs=1000)


def trace_of(*moments, sizes):
    return Trace([Block(size, "activations") for size in sizes], list(moments), 0)


def test_allocators_on_a_sequence_worked_out_by_hand():
    mb = 1 << 20
    # Two blocks of 1 MB and one between them; the outer ones die, and 2 MB find no hole.
    trace = trace_of(0, 1, 2, -1, -3, 3, sizes=(mb, mb, mb, 2 * mb))
    assert returned_peak(trace) == pytest.approx(3 * mb, abs=20_000)
    # The hole at the end of the heap is used with what it lacks: 1 hole + 1 alive + 2.
    assert kept_peak(trace) == pytest.approx(4 * mb, abs=20_000)
    # Blocks up to 1 MiB share segments of 2 MiB, larger ones up to 10 MiB one of 20.
    assert cached_peak(trace) == 2 * 2 * mb + 20 * mb


def test_what_is_never_written_to_counts_only_where_memory_is_used_again():
    mb = 1 << 20
    trace = Trace([Block(mb, "activations", spare=2 * mb)], [0], 0)
    assert returned_peak(trace) == pytest.approx(mb, abs=20_000)
    assert kept_peak(trace) == pytest.approx(3 * mb, abs=20_000)


_MEASURE = """
import ctypes, json, sys
from pathlib import Path
from terrella.engine.memory import return_freed_memory
return_freed_memory()
sys.path.insert(0, {here!r})
import torch
torch.set_num_threads(1)
from test_plan_memory import convolution_step, perceptron_step
from terrella.engine.plan.memory.step_memory import predict_memory
from terrella.engine.plan.rehearsal import rehearse
from dataclasses import replace
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
step = {step}
predicted = predict_memory(step).returned
list(rehearse(replace(step, batch=2), 1))
ctypes.CDLL(None).malloc_trim(0)
before = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
for _ in rehearse(step, 2): pass
print(json.dumps([predicted, status("VmHWM") - before]))
"""


def perceptron_step(batch=40_000):
    return Step(
        make_network=lambda: nn.Sequential(
            nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, 1)
        ),
        make_batch=lambda size: {"x": torch.randn(size, 64)},
        loss=lambda network, batch: network(batch["x"]).square().mean(),
        batch=batch,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("step", ["perceptron_step(80_000)", "convolution_step(128)"])
def test_the_prediction_is_near_what_a_process_takes(step):
    here = __file__.rsplit("/", 1)[0]
    code = _MEASURE.format(here=here, step=step)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    predicted, measured = json.loads(done.stdout)
    assert measured > 80e6
    assert predicted / measured == pytest.approx(1, abs=0.15)


def test_a_heap_that_keeps_what_single_volumes_free_is_expected_to_be_large():
    def step(batch: int) -> Step:
        return Step(
            lambda: nn.Conv3d(1, 2, 3, padding=1),
            lambda size: {"x": torch.randn(size, 1, 96, 96, 96)},
            lambda network, batch: network(batch["x"]).square().mean(),
            batch,
        )

    one, two = (predict_memory(step(batch)) for batch in (1, 2))
    assert one.kept > 3 * one.returned
    assert two.kept < 3 * two.returned


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_step_traced_at_another_size_is_that_traced_at_its_own(accumulation):
    step = replace(convolution_step(12), accumulation=accumulation)
    found, traced = record(step), _recorded(step, None, ()).trace(no_scratch, 0)
    assert (found.blocks, found.moments) == (traced.blocks, traced.moments)
    assert step_work(step) == operators._recorded(step, None, ())
