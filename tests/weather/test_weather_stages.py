"""The stages of a weather training: stopped in the roll-out, shared by processes, streamed; members, optimisers."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from terrella.engine.fit import training as fit
from terrella.engine.run import Run
from terrella.engine.task import StageSpec
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError, Interrupted
from terrella.weather import training
from terrella.weather.learning.loss import WeatherLoss
from terrella.weather.learning.optimiser import OPTIMISERS
from terrella.weather.learning.settings import NetworkSettings, StageSettings
from terrella.weather.settings import DataSettings, FitSettings, WeatherSettings
from terrella.weather.task import train

STAGES = (
    StageSettings(name="single", steps=4, batch=4, learning_rate=1e-3),
    StageSettings(name="rolled", steps=4, batch=4, rollout=3, learning_rate=1e-4, schedule="constant"),
    StageSettings(name="members", steps=2, batch=4, rollout=2, learning_rate=1e-4, loss="crps"),
)


def settings(store: Path, **fit: object) -> WeatherSettings:
    """Return settings of a small training in three stages."""
    return WeatherSettings(
        data=DataSettings(store=str(store), shares=(0.6, 0.2, 0.2)),
        network=NetworkSettings(mesh=1, latent=8, steps=2, noise=3),
        fit=FitSettings(stages=STAGES, **fit),
    )


def weights(run: Path) -> dict[str, torch.Tensor]:
    return dict(load_bundle(run / "model", "weather").tensors)


@pytest.fixture(scope="module")
def whole(waves, tmp_path_factory) -> Path:
    """A run that was never stopped."""
    run = tmp_path_factory.mktemp("whole") / "run"
    train(run, settings(waves))
    return run


@pytest.mark.parametrize("stage", ["rolled", "members"])
def test_a_training_that_is_stopped_within_a_stage_ends_with_the_same_weights(waves, whole, tmp_path, stage):
    def stop(event: dict) -> None:
        if event["kind"] == "step" and event["stage"] == stage and event["batch"] == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(tmp_path / "run", settings(waves), stop)
    train(tmp_path / "run", settings(waves))
    assert [each["stage"] for each in Run(tmp_path / "run").read_events() if each["kind"] == "epoch"] == [
        each["stage"] for each in Run(whole).read_events() if each["kind"] == "epoch"
    ]
    for name, values in weights(whole).items():
        assert torch.equal(values, weights(tmp_path / "run")[name]), name


def test_states_that_are_streamed_give_the_weights_of_those_that_are_held(
    waves, whole, tmp_path, monkeypatch
):
    made = training._spec

    def streamed(*arguments: object) -> StageSpec:
        spec = made(*arguments)
        return StageSpec(spec.need, spec.stage, lambda _: spec.fed("streamed"))

    monkeypatch.setattr(training, "_spec", streamed)
    train(tmp_path / "run", settings(waves))
    for name, values in weights(whole).items():
        assert torch.equal(values, weights(tmp_path / "run")[name]), name


def test_two_processes_train_as_one(waves, tmp_path):
    alone = settings(waves).model_copy(update={"fit": FitSettings(stages=STAGES[:2])})
    train(tmp_path / "one", alone)
    config = tmp_path / "one" / "settings.toml"
    command = [
        sys.executable,
        "-m",
        "terrella",
        "weather",
        "train",
        "--run",
        tmp_path / "two",
        "--config",
        config,
    ]
    done = subprocess.run(
        [*command, "--processes", "2", "--no-plan"],
        env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    losses = [
        [each["loss"] for each in Run(tmp_path / name).read_events() if each["kind"] == "epoch"]
        for name in ("one", "two")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_members_without_noise_are_refused_before_training(waves):
    plain = settings(waves).model_copy(update={"network": NetworkSettings(mesh=1, latent=8, steps=2)})
    with pytest.raises(InputError, match=r"the stage members .* set network\.noise"):
        training.stages(plain, None, None)


def test_the_fair_crps_of_normal_members_is_that_of_very_many():
    class Drawn(nn.Module):  # members of a normal distribution around 0.5
        def forward(self, past, forcings, noise, each):
            return (each(0, 0.5 + noise[:, 0, :, None]),)

    points = 200_000
    loss = WeatherLoss(torch.ones(points), torch.ones(1), torch.ones(1), noise=points)
    torch.manual_seed(0)
    zeros = {"past": torch.zeros(1, 2, points, 1), "future": torch.zeros(1, 1, points, 1)}
    found = float(loss(Drawn(), zeros | {"forcings": torch.zeros(1, 3, points, 0)}))
    # Gneiting and Raftery (2007), equation 21, of an outcome 0.5 below the mean.
    density, below = math.exp(-0.125) / math.sqrt(2 * math.pi), 0.5 * (1 + math.erf(-0.5 / math.sqrt(2)))
    assert found == pytest.approx(-0.5 * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi), abs=0.005)


def test_muon_makes_matrices_steps_of_equal_directions_and_leaves_the_rest_to_adamw():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 16), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16))
    before = [each.detach().clone() for each in network.parameters()]
    optimiser = OPTIMISERS["muon"](network)
    for group in optimiser.param_groups:
        group["lr"], group["weight_decay"] = 0.01, 0.0
    (network(torch.randn(50, 3)) - torch.randn(50, 16)).square().sum().backward()
    optimiser.step()
    steps = [each.detach() - old for each, old in zip(network.parameters(), before, strict=True)]
    steepness = [torch.linalg.svdvals(each) for each in (steps[4], network[3].weight.grad)]
    ours, own = (float(each[0] / each[8]) for each in steepness)
    assert ours < 2 < own
    np.testing.assert_allclose(steps[0].abs(), 0.01, rtol=1e-3)  # AdamW's first step
    again = OPTIMISERS["muon"](network)
    again.load_state_dict(optimiser.state_dict())
    for each in (optimiser, again):
        for parameter, old in zip(network.parameters(), before, strict=True):
            parameter.data.copy_(old)
        each.step()
    assert fit.adamw is not OPTIMISERS["adamw"]
