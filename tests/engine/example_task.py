"""The smallest task that has every verb: a network and a straight line through noisy samples of a sine."""

import json
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from terrella.engine.feed import Held
from terrella.engine.fit import Stage
from terrella.engine.judge.bootstrap import interval, label_blocks
from terrella.engine.judge.document import scores_document
from terrella.engine.judge.report import Section
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need
from terrella.engine.settings import fingerprint
from terrella.engine.task import Compression, Fed, Judging, Made, Opened, StageSpec, Task
from terrella.engine.use.forms import bundle_network
from terrella.engine.workflow import judge, train
from terrella.errors import InputError
from terrella.files import write_json


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    table: str | None = None
    samples: int = 64


class Fit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    epochs: int = 4
    seed: int = 0
    device: str = "cpu"


class Judge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    resamples: int = 50


class SineSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    data: Data = Data()
    fit: Fit = Fit()
    judge: Judge = Judge()


def make_network(*_) -> nn.Module:
    return nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))


def open_samples(settings, report):
    if settings.data.table is None:
        x = np.linspace(-3, 3, settings.data.samples, dtype=np.float32)
        xy = np.stack([x, np.sin(x)], 1)
    else:
        xy = np.asarray(json.loads(Path(settings.data.table).read_text()), np.float32)
    parts = {split: torch.from_numpy(xy[start::3]) for start, split in enumerate(("train", "dev", "test"))}
    return Opened(parts, (fingerprint(xy.tobytes()),))


def loss(network, batch):
    return nn.functional.mse_loss(network(batch["x"]), batch["y"])


def slopes(network, batch):  # of a second stage: its own loss
    return loss(network, batch) + 0.1 * nn.functional.l1_loss(network(batch["x"]), batch["y"])


def stages(settings, data, samples):
    number = samples or (settings.data.samples if data is None else len(data["train"]))

    def held(split):
        return Held({"x": data[split][:, :1], "y": data[split][:, 1:]}, torch.device("cpu"))

    def spec(name, chosen, rollout):
        step = Step(make_network, lambda n: {"x": torch.randn(n, 1), "y": torch.randn(n, 1)}, chosen, 8)
        need = Need(name, step, number, settings.fit.epochs, data_bytes=8 * number, rollout=rollout)
        stage = Stage(name, settings.fit.epochs, 1e-2, warmup_steps=0)
        return StageSpec(need, stage, lambda placement: Fed(held("train"), held("dev")))

    return [spec("single", loss, 1), spec("rolled out", slopes, 2)]


def finish(trained, report):
    x, y = trained.data["train"].T.numpy()
    line = np.polyfit(x, y, 1).tolist()
    return Made(trained.network.state_dict(), {"line": line}, "# Sine\n\n## Limits\n\nNone known.\n")


def network_of(bundle):
    return bundle_network(bundle, make_network)


def models(bundle):
    network = network_of(bundle)
    line = np.poly1d(bundle.values["line"])
    return {
        "network": lambda x: network(torch.as_tensor(x, dtype=torch.float32)[:, None])[:, 0].detach().numpy(),
        "straight line": line,
    }


def judge_models(asked, report):
    settings = asked.settings(SineSettings)
    x, y = open_samples(settings, report).data[asked.split].T.numpy()
    blocks = label_blocks([str(n) for n in range(len(x))], settings.judge.resamples, 0)
    mse = {
        name: blocks.sums((model(x) - y) ** 2) / blocks.sums(np.ones(len(x)))
        for name, model in models(asked.bundle).items()
    }
    gain = interval(mse["straight line"] - mse["network"])
    scores = {name: {"mse": interval(each)} for name, each in mse.items()}
    document = scores_document(
        "a sine", asked.split, scores, {"mse": ""}, [("mse", "network", "straight line", gain)]
    )
    return Judging(document, "A sine", "Network and line.", [Section("Scores")], [("mse", "MSE", 4, 1.0)])


def predict(given, bundle, output, report):
    if not Path(given).is_file():
        raise InputError(f"{given} is not there; give a JSON list of numbers")
    from terrella.engine.use.bundle import load_bundle

    x = np.array(json.loads(Path(given).read_text()))
    network = models(load_bundle(Path(bundle), "sine"))["network"]
    write_json(output, network(x).tolist())
    return [f"{len(x)} values written to {output}"]


def demo(run, report):
    train(task, run, SineSettings(), report)
    judge(task, run, report)


task = Task(
    name="sine", settings=SineSettings, open=open_samples, stages=stages,
    network=make_network, finish=finish, judge=judge_models, predict=predict, demo=demo, cites=lambda run: (),
    compression=Compression(network_of, {"mse": False}),
)  # fmt: skip
