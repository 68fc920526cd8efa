"""What a task is to the engine: one record of functions, of which `engine.workflow` makes every verb."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.explain.question import Question
from terrella.engine.feed import Batch, Held, Source
from terrella.engine.fit import Stage
from terrella.engine.fit.parts import Loss
from terrella.engine.fit_settings import FitSettings
from terrella.engine.judge.report import Section
from terrella.engine.plan.step import Step
from terrella.engine.plan.strategy import Need, Placement
from terrella.engine.run import Report, Run
from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle

NETWORK = "network"  # its name among the models that a bundle may predict with
Settings = TypeVar("Settings", bound=BaseModel)
Data = TypeVar("Data")


@dataclass(frozen=True, eq=False)
class Opened(Generic[Data]):
    """Data as a task has opened them; nothing large need be read yet."""

    data: Data
    marks: tuple[str, ...]  # fingerprints: a training that goes on must meet the same ones


@dataclass(frozen=True, eq=False)
class Fed:
    """What a stage learns from, laid where it was planned to."""

    learned: Source
    checked: Source | None = None  # to validate with
    loss: Loss | None = None  # where it depends on the data; else that of the stage's step
    batch: int | None = (
        None  # samples of a batch, where their number moves it a little; else that of the step
    )
    mixed_chunks: int | None = None  # chunks that a batch is drawn from; by default the feed's own number
    checked_at_once: int | None = None  # samples validated at once; else a part of a batch


@dataclass(frozen=True, eq=False)
class StageSpec:
    """One phase of a training, which plan and fit both read: network, batch and loss are in `need.step`."""

    need: Need
    stage: Stage  # of the same name: epochs, learning rate, schedule, and what else is its own
    fed: Callable[[Placement | None], Fed]  # called when the training begins, never to plan


@dataclass(frozen=True, eq=False)
class Trained(Generic[Settings, Data]):
    """A training that has ended."""

    settings: Settings
    data: Data
    network: nn.Module  # with its best weights, on the CPU
    loss: float  # the smallest one in validation
    mark: str  # fingerprint of settings and data; the workflow keeps it in the bundle
    run: Run


@dataclass(frozen=True, eq=False)
class Made:
    """What a task makes of a trained network: the content of its bundle, and what to say of it."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]
    card: str
    said: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be judged: a split, perhaps of other data than those of the training."""

    run: Run
    bundle: Bundle
    split: str = "test"
    data: str | None = None
    judge: Mapping[str, Any] = field(default_factory=dict)  # settings of judging that differ from the run's

    def settings(self, model: type[Settings]) -> Settings:
        """Return the settings of the training, with those of judging that are asked for.

        Raises:
            InputError: where those in the bundle are at fault.
        """
        trained: Any = parse_settings(model, self.bundle.settings, self.bundle.where)
        judge = trained.judge.model_copy(update=dict(self.judge))
        found: Settings = trained.model_copy(update={"judge": judge})
        return found


@dataclass(frozen=True, eq=False)
class Judging:
    """What judging found: `scores` is the document of scores.json, the first of its models the network."""

    scores: Mapping[str, Any]
    title: str
    lead: str
    sections: Sequence[Section]
    shown: Sequence[
        tuple[str, str, int, float]
    ] = ()  # of the terminal and the card: score, head, digits, times
    mark: str = ""  # stands on every table and figure; by default data and split


def no_values(bundle: Bundle) -> Mapping[str, Any]:
    """Return no values."""
    return {}


def x_alone(batch: Batch) -> tuple[Tensor, ...]:
    """Return a batch's x, which is all that most networks take."""
    return (batch["x"],)


def network_alone(bundle: Bundle) -> Collection[str]:
    """Return the models that predict uses: the network, where no other could."""
    return (NETWORK,)


def every(name: str) -> bool:
    """Return that a tensor is the network's: in most bundles all are."""
    return True


@dataclass(frozen=True, eq=False)
class Compression:
    """What compressing needs of a task beside its stages and its judge.

    A narrower network is of the same kind, with half the channels: those of the full one whose weights are largest.
    """

    network: Callable[[Bundle], nn.Module]
    scores: Mapping[str, bool]  # that must stay, and whether the larger is better
    taken: Callable[[Batch], tuple[Tensor, ...]] = x_alone  # what the network takes of a batch
    timed: int = 16  # samples evaluated at once, as they are in use
    weights: Callable[[str], bool] = every  # which of a bundle's tensors are the network's; the others stay
    predicts: Callable[[Bundle], Collection[str]] = network_alone  # the models that predict uses
    # The ONNX model, by default torch's export, and the values without which it is of no use.
    onnx: Callable[[nn.Module, Bundle], bytes] | None = None
    # The same as OpenVINO computes it fastest in bfloat16, where that is not the same model.
    plain_onnx: Callable[[nn.Module, Bundle], bytes] | None = None
    described: Callable[[Bundle], Mapping[str, Any]] = no_values
    # The narrower network, and the bundle that says so.
    narrowed: Callable[[nn.Module, Bundle], tuple[nn.Module, Bundle]] | None = None
    # Of the full network, a batch and the bundle: the batch with the network's answers for labels.
    imitated: Callable[[nn.Module, Batch, Bundle], Batch] | None = None
    judge: Mapping[str, Any] = field(default_factory=dict)  # settings for judging the forms, all alike


def stage_of(fit: FitSettings, name: str, **own: Any) -> Stage:
    """Return a stage of a task's settings, with what is its own."""
    return Stage(
        name, fit.epochs, fit.learning_rate,
        **{"patience": fit.patience, "weight_decay": fit.weight_decay, "averaging": fit.averaging, **own},
    )  # fmt: skip


def one_stage(
    name: str,
    fit: FitSettings,
    step: Step,
    data: Data | None,
    samples: int,
    fed: Callable[[Data], Fed],
    assumed: str = "",
    **own: Any,
) -> list[StageSpec]:
    """Return the only stage of a training whose samples are held as the step's `make_batch` makes them.

    The step's batch and its parts are those of the settings. `assumed` says what is not known without data.
    """
    with torch.device("meta"):
        two = step.make_batch(2).values()
    each = sum(part[0].nbytes for part in two if part.stride(0))  # what all samples share is held once
    step = replace(step, batch=min(fit.batch, samples), accumulation=fit.accumulation)
    need = Need(name, step, samples, fit.epochs, each * samples, assumed="" if data is not None else assumed)

    def laid(placement: Placement | None) -> Fed:
        assert data is not None  # a plan feeds nothing
        return fed(data)

    return [StageSpec(need, stage_of(fit, name, **own), laid)]


def fed_samples(fit: FitSettings, learned: Batch, checked: Batch | None = None, **own: Any) -> Fed:
    """Return samples to learn from, and perhaps to validate with, held by the device of a training."""
    device = choose_device(fit.device)
    return Fed(Held(learned, device), None if checked is None else Held(checked, device), **own)


def nothing_first(settings: Any, data: Data, run: Run, mark: str, report: Report) -> Data:
    """Prepare nothing: what most tasks do."""
    return data


@dataclass(frozen=True, eq=False)
class Task(Generic[Settings, Data]):
    """A task of Terrella: its table of contents. What the functions raise, the workflow raises."""

    name: str  # as it is typed
    settings: type[Settings]
    open: Callable[[Settings, Report], Opened[Data]]
    stages: Callable[
        [Settings, Data | None, int | None], Sequence[StageSpec]
    ]  # without data, of so many samples
    network: Callable[[Settings, Data, Sequence[Fed]], nn.Module]  # from which the training starts
    finish: Callable[[Trained[Settings, Data], Report], Made]  # thresholds, recalibration, the card
    judge: Callable[[Asked, Report], Judging]  # the network first, its baselines after, on the same outcomes
    # Of the user's own file, a bundle, the output, a report and the task's own options: writes the prediction, and
    # returns lines on what was written.
    predict: Callable[..., Sequence[str]]
    demo: Callable[..., None]
    cites: Callable[[Run], Sequence[str]]  # names of the methods that a run used
    prepare: Callable[[Settings, Data, Run, str, Report], Data] = nothing_first  # what the network stands on
    # Of a file, a bundle and what is asked: see `explain`.
    question: Callable[[str, str, Any, Report], Question] | None = None
    # What compressing needs, or why the network has no smaller forms.
    compression: Compression | str = "nobody has made any"
