"""What each part of an input adds: known answers, refusals, and the checks of an explanation."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from terrella.cli.tasks import TASKS, load_task
from terrella.engine.explain import methods
from terrella.engine.explain.checks import curves, randomised, sanity
from terrella.engine.explain.methods import explain
from terrella.engine.explain.numerical import differentiable
from terrella.engine.explain.page import write_page
from terrella.engine.explain.question import Axis, Question
from terrella.engine.explain.writing import check_output, write_explanation
from terrella.errors import InputError, TerrellaError

pytest.importorskip("captum")
WEIGHTS = torch.tensor([[3.0, -2.0, 0.5, 0.0]], dtype=torch.float64)


def asked(network, inputs, answer=lambda network, x: network(x)[:, 0], **more) -> Question:
    """Return a question of a network that takes a row of numbers, each of them a part."""
    inputs = torch.as_tensor(inputs, dtype=torch.float64)
    number = len(inputs)
    plain = {
        "title": "a number", "unit": "units", "baseline": torch.zeros_like(inputs), "baseline_means": "nothing",
        "axes": (Axis("term", np.arange(number)),), "parts": torch.arange(number),
        "names": list("abcdefgh"[:number]),
        "scale": torch.ones(number, dtype=torch.float64), "pictures": lambda found: [],
    }  # fmt: skip
    return Question(network=network.double(), answer=answer, inputs=inputs, **{**plain, **more})


def linear() -> nn.Module:
    network = nn.Linear(4, 1)
    network.weight.data, network.bias.data = WEIGHTS, torch.ones(1, dtype=torch.float64)
    return network


@pytest.mark.parametrize("method", ["integrated", "occlusion", "shap", "lime", "deeplift"])
def test_of_a_line_every_method_gives_the_terms(method):
    found = explain(asked(linear(), [1.0, 2.0, 4.0, 8.0]), method)
    assert np.allclose(found.values, [3, -4, 2, 0], atol=2e-2)
    assert found.output == pytest.approx(2)
    assert found.reference == pytest.approx(1)
    assert found.missing < 0.01


def test_a_product_is_shared_by_integrated_gradients_and_by_shap_and_lost_by_occlusion():
    question = asked(nn.Identity(), [2.0, 3.0], lambda network, x: x[:, 0] * x[:, 1])
    for method in ("integrated", "shap"):
        assert np.allclose(explain(question, method).values, [3, 3], atol=0.2)
    alone = explain(question, "occlusion")
    assert np.allclose(alone.values, [6, 6])
    assert alone.missing == pytest.approx(1)


def test_steps_are_doubled_until_the_parts_add_up():
    steep = explain(
        asked(nn.Identity(), [1.0], lambda n, x: torch.tanh(200 * (x[:, 0] - 0.31))), "integrated"
    )
    smooth = explain(asked(nn.Identity(), [1.0], lambda n, x: x[:, 0] ** 2), "integrated")
    assert steep.steps > smooth.steps == 32
    assert steep.missing < 0.01


def test_what_is_never_complete_is_refused(monkeypatch):
    monkeypatch.setattr(methods, "_MOST_STEPS", 128)
    question = asked(nn.Identity(), [1.0], lambda n, x: torch.tanh(1e7 * (x[:, 0] - 0.31)) + 0 * x[:, 0])
    with pytest.raises(TerrellaError, match="not complete: after 128 steps"):
        explain(question, "integrated")


def test_parts_share_what_they_add_together_and_sums_stay():
    parts = torch.tensor([0, 0, 1, 1])
    found = explain(asked(linear(), [1.0, 2.0, 4.0, 8.0], parts=parts, names=["a", "b"]), "occlusion")
    assert np.allclose(found.by_part, [-1, 2])
    assert np.allclose(found.values, [-0.5, -0.5, 1, 1])


class Gate(nn.Module):
    """ReLUs as functions, which methods by hooks do not see."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def test_methods_that_are_wrong_on_a_network_are_refused_with_the_reason():
    question = asked(Gate(), [1.0, -2.0, 3.0, -4.0])
    with pytest.raises(InputError, match=r"DeepLift is wrong on this network: its parts miss .* by .*%; use"):
        explain(question, "deeplift")
    with pytest.raises(InputError, match=r"has no rule for this network|wrong on this network"):
        explain(question, "lrp")


def test_the_network_itself_is_not_touched():
    network = Gate().train()
    before = [each.clone() for each in network.parameters()]
    explain(asked(network, [1.0, -2.0, 3.0, -4.0]), "integrated")
    assert network.training
    assert all(each.requires_grad for each in network.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_gradient_ascent_raises_the_answer_and_goes_no_farther_from_the_baseline():
    question = asked(linear(), [1.0, 2.0, 4.0, 8.0], lowest=0.0)
    found = explain(question, "ascent")
    reached = question.inputs.numpy() + found.values
    assert found.output > found.reference
    assert np.linalg.norm(reached) <= np.linalg.norm(question.inputs) * (1 + 1e-6)
    assert reached.min() >= 0


def test_random_weights_lose_the_parts_and_noise_does_not():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
    found = explain(asked(network, torch.linspace(-2, 2, 8)), "integrated")
    checked = sanity(found)
    assert abs(checked.random_weights) < 0.7
    assert checked.noise > 0.9


def test_parts_that_the_weights_do_not_decide_are_told():
    question = asked(nn.Identity(), torch.linspace(1, 2, 8), lambda network, x: network(x).sum(1))
    checked = sanity(explain(question, "integrated"))
    assert checked.random_weights == pytest.approx(1)
    assert "SURVIVE" in checked.lines[0]


def test_weights_are_drawn_anew_in_a_copy():
    network, generator = Gate(), torch.Generator().manual_seed(0)
    other = randomised(network, generator)
    assert not torch.equal(other.first.weight, network.first.weight)
    assert float(other.first.weight.std().detach()) == pytest.approx(
        float(network.first.weight.std().detach()), rel=0.5
    )


def test_curves_of_a_line_are_those_of_its_terms():
    found = explain(asked(linear(), [2.0, -1.5, 2.0, 0.0]), "occlusion")  # adds 6, 3, 1, 0
    shown = curves(found)
    assert np.allclose(shown.deletion - 1, [10, 4, 1, 0, 0])
    assert np.allclose(shown.insertion - 1, [0, 6, 9, 10, 10])
    areas = shown.areas()
    assert areas["deletion"] < areas["random deletion"] < 0.8
    assert areas["insertion"] > areas["random insertion"]


def test_nothing_to_explain_is_said():
    with pytest.raises(InputError, match="there is nothing to explain"):
        explain(asked(linear(), [0.0, 0.0, 0.0, 0.0]), "integrated")


def test_an_explanation_is_written_in_three_kinds_and_as_a_page(tmp_path):
    question = asked(linear(), [1.0, 2.0, 4.0, 8.0])
    found = explain(question, "integrated")
    for name in ("a.nc", "a.csv", "a.json"):
        write_explanation(found, tmp_path / name, {"rank_correlation_noise": 0.9})
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as dataset:
        assert np.allclose(dataset["adds"], [3, -4, 2, 0])
        assert dataset.attrs["output"] - dataset.attrs["reference"] == pytest.approx(1)
    assert (tmp_path / "a.csv").read_text().startswith("term,adds")
    told = json.loads((tmp_path / "a.json").read_text())
    assert sum(told["elements"]["adds"]) == pytest.approx(told["output"] - told["reference"])
    paths = write_page(found, ["complete"], curves(found), tmp_path / "a.nc")
    assert [path.name for path in paths] == ["a.html", "a_curves.png"]
    assert "Sundararajan" in paths[0].read_text()
    with pytest.raises(InputError, match=r"written as \.nc, \.csv, \.json"):
        check_output(tmp_path / "a.txt")


def test_derivatives_by_differences_are_those_of_the_function():
    scale = torch.tensor([1.0, 2.0], dtype=torch.float64)

    def function(x):
        with torch.no_grad():
            return torch.stack([x[:, 0] * x[:, 1], x[:, 0].sin()], 1)

    x = torch.tensor([[0.3, 2.0], [1.0, -1.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: differentiable(function, x, scale), x)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_the_verb_where_it_has_the_question(name):
    door = TASKS[name]
    assert bool(door.asked) == (load_task(name).question is not None)
    assert bool(door.asked) == bool(door.asked_of) == ("explain" in door.examples)
