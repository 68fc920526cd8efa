"""The training of a U-Net on patches of labelled sections."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch, Feed, Source
from terrella.engine.fit import Report, Stage, Training
from terrella.engine.fit import train as fit
from terrella.engine.fit.processes import world
from terrella.engine.plan.follow import as_planned
from terrella.engine.plan.plan import Plan
from terrella.engine.run import Run
from terrella.errors import InputError
from terrella.nets.unet import UNet
from terrella.segment.bundle import make_network
from terrella.segment.data.sections import Entry, common_dims, of_split
from terrella.segment.learning.loss import make_loss
from terrella.segment.learning.source import PatchSource, fixed_source, patch_source
from terrella.segment.settings import FitSettings, SegmentSettings

_WARMUP_STEPS = 50

Loss = Callable[[nn.Module, Batch], Tensor]


def train_network(
    entries: Sequence[Entry],
    settings: SegmentSettings,
    run: Run,
    fingerprint: str,
    report: Report,
    made: Plan | None = None,
) -> nn.Module:
    """Return the network with the weights of the smallest loss on the dev split, on the CPU; run as it was planned.

    Raises:
        InputError: where the sections are at fault, or several processes train in strips.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    if settings.fit.strips and world() > 1:
        raise InputError("fit.strips trains in one process; leave it at 0, or leave --processes out")
    device = choose_device(settings.fit.device)
    learned, checked = sources(entries, settings, device)
    report(
        {
            "kind": "message",
            "message": f"{len(learned):,} patches of {' × '.join(map(str, learned.shape))} to train on, "
            f"{len(checked):,} to validate",
        }
    )
    torch.manual_seed(settings.fit.seed)
    network = fast_layout(make_network(settings, common_dims(entries)).to(device))
    loss = make_loss(settings.loss, settings.fit.strips)
    training = Training(
        network=network,
        loss=loss,
        feed=Feed(learned, settings.fit.batch, settings.fit.seed),
        stages=(make_stage(settings.fit, len(learned)),),
        validate=lambda current: mean_loss(current, checked, loss, _part(settings.fit)),
        fingerprint=fingerprint,
        accumulation=settings.fit.accumulation,
        precision=settings.fit.precision,
        sharded=settings.fit.sharded,
    )
    trained = fit(as_planned(training, made, run.folder), run, report).to("cpu")
    return trained.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


def fast_layout(network: UNet) -> UNet:
    """Lay weights out as is fastest, and return the network: steps on sections take three quarters of the time."""
    if network.dims == 2:
        for weight in network.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def make_stage(settings: FitSettings, patches: int) -> Stage:
    """Return the only stage of a training, which begins slowly for a tenth of its steps, or 50."""
    steps = settings.epochs * -(-patches // settings.batch)
    return Stage(
        "unet",
        settings.epochs,
        settings.learning_rate,
        warmup_steps=min(_WARMUP_STEPS, steps // 10),
        patience=settings.patience,
    )


def sources(
    entries: Sequence[Entry], settings: SegmentSettings, device: torch.device
) -> tuple[PatchSource, PatchSource]:
    """Return the patches to train on and those to validate with."""
    scale, seed = settings.network.scale, settings.fit.seed
    learned = patch_source(of_split(entries, "train"), settings.patch, scale, seed, device)
    dev = of_split(entries, "dev")
    return learned, fixed_source(dev, settings.patch, scale, seed + 1, device, learned.shape)


@torch.no_grad()
def mean_loss(network: nn.Module, source: Source, loss: Loss, batch: int) -> float:
    """Return the loss over all patches of a source."""
    parts = torch.arange(len(source)).split(batch)
    return sum(float(loss(network, source.read(part))) * len(part) for part in parts) / len(source)


def _part(settings: FitSettings) -> int:
    """Return how many patches fit at once."""
    return -(-settings.batch // settings.accumulation)
