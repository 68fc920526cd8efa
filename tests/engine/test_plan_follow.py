"""Trainings that run as planned, and are compared with their plan."""

import json
from dataclasses import replace

import pytest
import torch
from small_training import make_training
from torch import nn

from terrella.engine.fit import train
from terrella.engine.plan.follow import as_planned, explained, make_plan, planned_placement
from terrella.engine.plan.plan import load_plan, plan
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Limits, Need
from terrella.engine.run import Run
from terrella.errors import DoesNotFitError


@pytest.fixture(scope="module")
def need() -> Need:
    """What the small training needs."""

    def batch(size: int) -> dict[str, torch.Tensor]:
        return {"x": torch.randn(size, 4), "y": torch.randn(size, 1)}

    step = Step(
        lambda: make_training(dropout=0.0).network,
        batch,
        lambda network, batch: nn.functional.mse_loss(network(batch["x"]), batch["y"]),
        make_training(dropout=0.0).feed.batch,
    )
    return Need("first", step, samples=96, epochs=6, data_bytes=96 * 20)


@pytest.fixture(scope="module")
def made(need):
    """The plan of the small training."""
    return plan("small", [need, replace(need, name="second", epochs=2, rollout=3)])


def with_strategy(made, **changes):
    stages = (replace(stage, strategy=replace(stage.strategy, **changes)) for stage in made.stages)
    return replace(made, stages=tuple(stages))


def in_parts(made, parts: int):
    return with_strategy(made, accumulation=parts)


def test_the_plan_of_the_run_is_taken_and_told(tmp_path, made):
    in_parts(made, 4).save(tmp_path)
    said = []

    def needs():
        raise AssertionError("there is a plan already")

    taken = make_plan("small", needs, tmp_path, said.append)
    assert taken == in_parts(made, 4)
    lines = [event["message"] for event in said]
    for line, name in zip(lines, ("first", "second"), strict=True):
        assert f"planned for {name}: data " in line
        assert "batches in 4 parts" in line


def test_a_plan_for_other_processes_is_made_again_within_its_limits(tmp_path, made, need):
    two = with_strategy(made, processes=2, sharded=True)
    replace(two, limits=Limits(7e9, processes=(2,))).save(tmp_path)
    said = []
    taken = make_plan("small", lambda: [need], tmp_path, said.append)
    assert taken.limits == Limits(7e9)
    assert taken.stages[0].strategy.processes == 1
    assert taken == load_plan(tmp_path)
    assert said[0]["message"].endswith("is for another number of processes than 1: planned again")


@pytest.mark.parametrize(("asked", "planned"), [(True, False), (False, True)])
def test_weights_are_spread_where_the_settings_or_the_plan_say_so(tmp_path, made, asked, planned):
    chosen = with_strategy(made, sharded=planned)
    assert as_planned(make_training(sharded=asked), chosen, tmp_path).sharded
    assert not as_planned(make_training(), made, tmp_path).sharded
    assert planned_placement(made, "second") == "preloaded"
    assert planned_placement(None, "first") is None


def test_a_training_runs_the_strategy_and_leaves_what_it_took(tmp_path, made):
    planned = in_parts(made, 4)
    training = as_planned(make_training(dropout=0.0), planned, tmp_path)
    assert [stage.accumulation for stage in training.stages] == [4, 4]
    said = []
    train(training, Run(tmp_path), said.append)
    taken = load_plan(tmp_path).measured
    assert [measured.stage for measured in taken] == ["first", "second"]
    assert all(measured.step_s > 0 for measured in taken)
    assert all(measured.ram > 50_000_000 for measured in taken)
    assert "predicted" in [event["message"] for event in said if event["kind"] == "message"][-1]
    assert json.loads((tmp_path / "plan.json").read_text())["stages"][0]["strategy"]["accumulation"] == 4


def test_parts_that_the_settings_ask_for_are_kept(tmp_path, made):
    training = replace(make_training(), accumulation=8)
    parts = as_planned(training, in_parts(made, 4), tmp_path)
    assert [stage.accumulation for stage in parts.stages] == [8, 8]
    assert as_planned(training, None, tmp_path) is training


def test_out_of_memory_names_the_plan_and_what_to_lower(made):
    said = r"the plan said .* of RAM for first.*--memory .*--fit\.batch"
    with pytest.raises(DoesNotFitError, match=said), explained(made):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 GB")
    with pytest.raises(DoesNotFitError), explained(made):
        raise MemoryError
    with pytest.raises(RuntimeError, match="shapes"), explained(made):
        raise RuntimeError("shapes do not fit")
    with pytest.raises(MemoryError), explained(None):
        raise MemoryError
