"""Memory that runs out in a training: what is given up at the same results, and what is not."""

from dataclasses import dataclass, field, replace

import pytest
import torch
from small_training import make_training, outcome, start_all
from torch import nn

from terrella.engine.fit import train
from terrella.engine.plan.check import Check
from terrella.engine.plan.plan import plan
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Limits, Need
from terrella.engine.run import Run

FULL = (
    "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 GB"
)


@dataclass
class Observer:
    """Says once, after a step, that too much memory is held."""

    at: int = 3
    seen: int = 0
    said: list[str] = field(default_factory=list)

    def step(self) -> list[str]:
        self.seen += 1
        return []

    def over(self) -> bool:
        return self.seen == self.at

    def pause(self) -> None:
        pass

    def end(self) -> list[str]:
        return []


def with_room_for(training, samples: int, sizes: list[int]):
    """Return the training where memory runs out for more samples at once, and note how many there were."""

    def loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if network.training:
            sizes.append(len(batch["x"]))
        found = training.loss(network, batch)
        if network.training and len(batch["x"]) > samples:
            found.backward()  # as where it runs out late: gradients are there already
            raise RuntimeError(FULL)
        return found

    return replace(training, loss=loss)


def told(training, run) -> tuple[list[float], list[str]]:
    said = []
    train(training, run, said.append)
    losses = [event["loss"] for event in run.read_events() if event["kind"] == "step"]
    return losses, [event["message"] for event in said if event["kind"] == "message"]


def test_a_step_that_does_not_fit_is_repeated_in_more_parts(tmp_path):
    whole, _ = told(make_training(dropout=0.0), Run(tmp_path / "whole"))
    sizes = []
    training = with_room_for(make_training(dropout=0.0), 4, sizes)
    losses, said = told(training, Run(tmp_path / "parts"))
    assert losses == pytest.approx(whole, rel=1e-5)
    assert sizes[:6] == [16, 8, 4, 4, 4, 4]
    assert set(sizes[2:]) == {4}
    assert said == [
        "memory ran out: from step 1 on batches are computed in 4 parts, whose gradients are added up"
    ]


def test_where_a_single_sample_does_not_fit_it_ends(tmp_path):
    sizes = []
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        told(with_room_for(make_training(dropout=0.0), 0, sizes), Run(tmp_path))
    assert sizes == [16, 8, 4, 2, 1]


def test_random_numbers_and_batch_norms_forbid_other_parts(tmp_path):
    # Dropout draws for a whole batch what it would not draw for its parts.
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        told(with_room_for(make_training(dropout=0.2), 8, []), Run(tmp_path / "drawn"))
    training, sizes = make_training(dropout=0.0), []
    training.network.layers[1] = nn.Sequential(nn.BatchNorm1d(16), nn.Tanh())
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        told(with_room_for(training, 8, sizes), Run(tmp_path / "norms"))
    assert sizes == [16]


def test_other_errors_are_not_tried_again(tmp_path):
    tried = []

    def loss(network, batch):
        tried.append(0)
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        told(replace(make_training(), loss=loss), Run(tmp_path))
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("dropout", "line"),
    [(0.0, "batches are computed in 2 parts"), (0.2, "activations are computed again for the gradient")],
)
def test_what_is_held_beyond_the_limit_is_made_less_at_the_same_results(tmp_path, dropout, line):
    whole, _ = told(make_training(dropout=dropout), Run(tmp_path / "whole"))
    training = replace(make_training(dropout=dropout), observer=Observer())
    losses, said = told(training, Run(tmp_path / "less"))
    assert losses == pytest.approx(whole, rel=1e-5)
    (said_once,) = said
    assert said_once.startswith("more memory is held than was allowed: from here on " + line)


def test_all_processes_make_it_less_at_the_same_step(tmp_path):
    whole, _ = told(make_training(dropout=0.0), Run(tmp_path / "whole"))
    run = tmp_path / "run"
    processes = start_all(run, 2, dropout=0.0, observer=Observer())
    for each in processes:
        each.join(60)
    assert [each.exitcode for each in processes] == [0, 0], outcome(run, 1)
    assert outcome(run, 0) == outcome(run, 1)
    losses = [event["loss"] for event in Run(run).read_events() if event["kind"] == "step"]
    assert losses == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize(
    ("held", "overs"),
    [
        ([90e6] * 9, []),
        ([200e6] * 4 + [150e6] * 4 + [90e6] * 4, [4, 8]),
        ([200e6] * 12, [4]),  # which has not helped
    ],
)
def test_the_check_looks_every_fourth_step_while_giving_something_up_helps(
    tmp_path, monkeypatch, held, overs
):
    step = Step(
        lambda: nn.Linear(4, 1), lambda size: {"x": torch.randn(size, 4)},
        lambda network, batch: network(batch["x"]).mean(), 8,
    )  # fmt: skip
    made = plan("small", [Need("small", step, samples=64, epochs=1, data_bytes=64)])
    check = Check(replace(made, limits=Limits(100e6)), "small", tmp_path)
    found = []
    for number, ram in enumerate(held, 1):
        monkeypatch.setattr("terrella.engine.plan.check.peak_ram", lambda ram=ram: ram)
        check.step()
        if check.over():
            found.append(number)
    assert found == overs
    assert check.measured().ram == held[-1]
