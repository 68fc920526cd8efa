"""What is given up so that a training fits, in which order, and what is said where nothing does."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from terrella.engine.plan.amounts import duration_text, parse_duration, parse_size, typed_size
from terrella.engine.plan.check import Check
from terrella.engine.plan.devices import Device
from terrella.engine.plan.memory.spread import gathered_bytes, spread
from terrella.engine.plan.memory.step_memory import predict_memory
from terrella.engine.plan.plan import load_plan, plan
from terrella.engine.plan.report import beside, ran_out, reasons, table
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Limits, Need, Option, Strategy, _preferred
from terrella.engine.plan.time.communication import device_link, exchange
from terrella.engine.plan.time.duration import Duration
from terrella.engine.plan.time.operators import step_work
from terrella.errors import DoesNotFitError, InputError

MB = 1e6
GPU = Device(title="a small card", flops={"float32": 1e12, "bfloat16": 1e13}, bandwidth=1e11, memory=2e9)


def block(first):
    return nn.Sequential(
        nn.Conv1d(first, 16, 5, padding=2), nn.ReLU(), nn.Conv1d(16, 16, 5, padding=2), nn.ReLU()
    )


def need(batch=512, length=3000, **changes):
    step = Step(
        make_network=lambda: nn.Sequential(block(3), block(16), nn.Conv1d(16, 1, 1)),
        make_batch=lambda size: {"x": torch.randn(size, 3, length)},
        loss=lambda network, batch: network(batch["x"]).square().mean(),
        batch=batch,
    )
    about = {"samples": 10_000, "epochs": 3, "data_bytes": 400_000_000, "stored_bytes": 400_000_000}
    about["placements"] = ("resident", "preloaded", "streamed")
    return Need(name="network", step=step, **{**about, **changes})


def planned(device_memory, **changes):
    return plan("test", [need(**changes)], Limits(8e9, device_memory), GPU).stages[0]


def test_with_room_nothing_is_given_up_and_with_less_one_thing_after_the_other():
    roomy = planned(4e9)
    assert roomy.strategy.words() == "data resident, float32"
    # Where the data are: 400 MB of them leave the device first.
    less = planned(roomy.device * 1.03)
    assert less.strategy.placement == "preloaded"
    assert less.strategy.accumulation == 1
    parts = planned(less.device * 0.75)
    assert parts.strategy.accumulation > 1
    assert not parts.strategy.checkpointing
    assert roomy.device > less.device > parts.device
    assert "computed in" in "\n".join(reasons(plan("test", [need()], Limits(8e9, less.device * 0.75), GPU)))


def test_a_batch_that_cannot_be_parted_is_computed_again():
    samples = {"batch": 1, "length": 2_000_000, "data_bytes": 1_000}
    roomy = planned(4e9, **samples)
    tight = planned(roomy.device * 0.9, **samples)
    assert not roomy.strategy.checkpointing
    assert tight.strategy.checkpointing
    assert tight.step_s > roomy.step_s


def test_data_that_ram_does_not_hold_are_streamed():
    made = plan("test", [need(data_bytes=50_000_000_000)], Limits(8e9, 2e9), GPU).stages[0]
    assert made.strategy.placement == "streamed"
    assert made.bytes_read == 3 * 400_000_000


def test_data_at_hand_are_read_as_fast_as_their_disk_and_others_as_any_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("terrella.engine.plan.plan.data_rate", lambda place, block: 1e6 * (block == 40_000))
    about = need(data_bytes=50_000_000_000, place=tmp_path)
    here = GPU.model_copy(update={"at_hand": True})
    steps = -(-10_000 // 512)
    for device, rate in ((GPU, 500e6), (here, 1e6)):
        monkeypatch.setattr("terrella.engine.plan.time.duration._replayed", lambda *_: {})
        stage = plan("test", [about], Limits(8e9, 2e9), device).stages[0]
        assert stage.waits_s == pytest.approx(max(0, 400_000_000 / steps / rate - stage.step_s))
    assert stage.bound == "data"


def test_several_processes_pay_for_what_the_backward_pass_does_not_hide():
    def weight(network, batch):
        return network(batch["x"]).mean()

    # Sixteen million weights and next to no work.
    step = Step(lambda: nn.Linear(4000, 4000), lambda size: {"x": torch.randn(size, 4000)}, weight, 8)
    one, two = (
        plan("test", [Need("wide", step, 64, 1, 64)], Limits(8e9, 2e9, processes=(number,)), GPU).stages[0]
        for number in (1, 2)
    )
    assert two.strategy.words() == "data resident, float32, 2 processes"
    work = step_work(replace(step, batch=4), foreach=True)
    alone = two.step_s - (told := exchange(work, one.step_s, 2, device_link(GPU))).exposed_s
    assert alone == pytest.approx(one.step_s, rel=0.1)
    assert 0 < told.exposed_s < told.communicating_s


def wide(**changes):
    """Return a network of nine times 64 MB, which is nearly all of the step's memory."""
    step = Step(
        make_network=lambda: nn.Sequential(*(nn.Linear(4000, 4000) for _ in range(9))),
        make_batch=lambda size: {"x": torch.randn(size, 4000)},
        loss=lambda network, batch: network(batch["x"]).mean(),
        batch=8,
    )
    return Need("wide", step, 64, 1, 64, **changes)


def test_weights_are_spread_where_no_device_holds_them_all_or_the_settings_ask_for_it():
    def words(device_memory, need):
        return (
            plan("test", [need], Limits(80e9, device_memory, processes=(4,)), GPU).stages[0].strategy.words()
        )

    assert words(8e9, wide()) == "data resident, float32, 4 processes"
    assert words(8e9, wide(sharded=True)) == "data resident, float32, 4 processes, weights spread over them"
    assert words(3e9, wide()) == "data resident, float32, 4 processes, weights spread over them"
    # A process alone has nobody to share them with.
    with pytest.raises(DoesNotFitError):
        plan("test", [wide()], Limits(80e9, 3e9), GPU)
    assert not plan("test", [wide(sharded=True)], Limits(80e9, 8e9), GPU).stages[0].strategy.sharded


def test_a_process_holds_its_share_of_the_weights_and_the_largest_part():
    step = wide().step
    layer = 4000 * 4001 * 4
    gathered = gathered_bytes(step)
    assert gathered == 3 * layer
    whole = predict_memory(step, "cuda")
    assert whole.parameters == 9 * layer
    part = spread(whole, 4, gathered)
    assert (part.parameters, part.copies, part.gradients, part.optimiser) == pytest.approx(
        tuple(weights * layer / 4 for weights in (9, 18, 9, 18)), rel=0.01
    )
    # Six times the weights in all, of which a quarter stays, and what is gathered.
    assert whole.reserved - part.reserved == pytest.approx(6 * 9 * layer * 3 / 4 - gathered, rel=0.01)


def test_every_process_holds_the_data_and_the_gradients_twice():
    ones = [
        plan("test", [need()], Limits(40e9, 4e9, processes=(number,)), GPU).stages[0] for number in (1, 2)
    ]
    alone, both = (
        plan("test", [wide()], Limits(40e9, 8e9, processes=(number,)), GPU).stages[0] for number in (1, 2)
    )
    assert both.device - alone.device == pytest.approx(alone.memory.gradients, rel=0.01)
    assert ones[1].device > 400_000_000
    assert ones[0].strategy.placement == ones[1].strategy.placement == "resident"


def test_a_feed_does_only_what_it_can():
    held = need(placements=("preloaded",))
    assert plan("test", [held], Limits(8e9, 4e9), GPU).stages[0].strategy.placement == "preloaded"
    with pytest.raises(DoesNotFitError):
        plan("test", [need(placements=("preloaded",), data_bytes=50_000_000_000)], Limits(8e9, 4e9), GPU)


def test_what_does_not_fit_says_by_how_much_and_what_would():
    with pytest.raises(DoesNotFitError) as told:
        plan("test", [need()], Limits(8e9, 300 * MB), GPU)
    line = str(told.value)
    assert told.value.exit_code == 3
    assert "\n" not in line
    assert "does not fit 300 MB of device memory" in line
    asked = parse_size(line.split("--device-memory ")[1].split(",")[0].strip())
    assert asked > 300 * MB
    # What it asks for is enough.
    plan("test", [need()], Limits(8e9, asked), GPU)


def test_a_deadline_that_cannot_be_kept_names_the_epochs_that_can():
    whole = plan("test", [need()], Limits(8e9, 4e9), GPU)
    with pytest.raises(DoesNotFitError, match=r"longer than the deadline of .*; it would fit with 2 epochs"):
        plan("test", [need()], Limits(8e9, 4e9, deadline_s=whole.total_s * 0.7), GPU)


def test_a_deadline_is_kept_in_another_precision_where_that_is_allowed():
    both = need(precisions=("float32", "bfloat16"))
    slow = plan("test", [both], Limits(8e9, 4e9), GPU)
    fast = plan("test", [both], Limits(8e9, 4e9, deadline_s=slow.total_s * 0.8), GPU)
    assert slow.stages[0].strategy.precision == "float32"
    assert fast.stages[0].strategy.precision == "bfloat16"
    assert fast.total_s < slow.total_s * 0.8


def test_a_way_that_takes_far_longer_than_another_is_not_taken():
    # In two parts a step takes three times as long as in one or in four; another precision counts as other results.
    def options(*, first="float32"):
        memory = predict_memory(need(batch=4, length=10).step)
        took = ((2, 3.0, first), (4, 1.0, "float32"), (8, 1.4, "float32"))
        return [
            Option(
                Strategy(accumulation=parts, precision=precision),
                memory,
                0,
                0,
                Duration(seconds, seconds, seconds, 0.0, 0, "compute", (), 1.0),
            )
            for parts, seconds, precision in took
        ]

    assert _preferred(options()).strategy.accumulation == 4
    # The first stays where only another precision is faster, or where it is not much slower.
    assert _preferred(options(first="bfloat16")).strategy.accumulation == 2
    assert _preferred(options()[2:]).strategy.accumulation == 8
    assert _preferred([options()[2], options()[1]]).strategy.accumulation == 8


def test_what_was_assumed_is_said():
    made = plan("test", [need(assumed="10,000 windows")], Limits(8e9, 4e9), GPU)
    assert "  assumed: 10,000 windows" in list(reasons(made))
    assert "assumed" not in "\n".join(reasons(plan("test", [need()], Limits(8e9, 4e9), GPU)))


def test_a_plan_is_read_back_as_it_was_written(tmp_path):
    made = plan("test", [need()], Limits(8e9, 4e9), GPU)
    made.save(tmp_path)
    assert load_plan(tmp_path) == made
    assert load_plan(tmp_path / "elsewhere") is None
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(InputError, match=r"plan\.json is no plan"):
        load_plan(tmp_path)


def test_the_end_of_a_training_writes_measured_beside_predicted(tmp_path):
    made = plan("test", [need()], Limits(8e9, 4e9), GPU)
    check = Check(made, "network", tmp_path, accumulation=4)
    warned = [line for _ in range(6) for line in check.step()]
    assert any(
        "the plan is not what runs: it says 1 parts in float32, the training uses 4" in w for w in warned
    )
    (line,) = check.end()
    assert line.startswith("network: a step took")
    assert "predicted" in line
    kept = load_plan(tmp_path)
    assert [each.stage for each in kept.measured] == ["network"]
    assert kept.measured[0].ram > 10 * MB
    assert list(beside(kept)) == [line]


def test_memory_that_runs_out_is_told_with_what_the_plan_said():
    made = plan("test", [need()], Limits(8e9, 4e9), GPU)
    line = ran_out(made)
    assert "of device for network, most of it activations" in line
    assert parse_size(line.split("--device-memory ")[1].split(",")[0]) < made.stages[0].device


def test_the_table_has_a_column_per_stage():
    made = plan("test", [need(), need(batch=32)], Limits(8e9, 4e9), GPU)
    assert len(table(made).columns) == 3
    assert json.loads(json.dumps(table(made).title)) == "test on a small card"


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8e9), ("512 MB", 512e6), ("2GiB", 2 * 2**30), ("1.5gb", 1.5e9), ("100", 100)]
)
def test_sizes_are_read_as_people_type_them(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["8 apples", "", "GB", "-3GB", "0GB", "nan GB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(InputError):
        parse_size(text)


def test_durations_and_sizes_in_words():
    assert parse_duration("3h") == 3 * 3600
    assert duration_text(7500) == "2 h 5 min"
    assert duration_text(0.0123) == "12.3 ms"
    assert typed_size(1_250_000_000) == "1.3GB"
    assert parse_size(typed_size(123_456_789)) >= 123_456_789
