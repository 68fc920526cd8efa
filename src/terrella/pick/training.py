"""The training of one network: windows in, the loss that fits its answer, stopped early on the dev split."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch, Feed
from terrella.engine.fit import Report, Stage, Training
from terrella.engine.fit import train as fit
from terrella.engine.plan.follow import as_planned, planned_placement
from terrella.engine.plan.plan import Plan
from terrella.engine.plan.strategy import Placement
from terrella.engine.run import Run
from terrella.errors import InputError
from terrella.pick.feed.changes import UNCHANGED, Shares
from terrella.pick.feed.chunks import MIXED_CHUNKS
from terrella.pick.feed.recipes import Recipe, recipe
from terrella.pick.feed.resident import in_ram, on_device, placement_of
from terrella.pick.feed.source import WindowSource
from terrella.pick.feed.streamed import StreamedWindows, streamed
from terrella.pick.feed.windows import traces_of
from terrella.pick.loss import make_loss
from terrella.pick.networks.architecture import Architecture
from terrella.pick.settings import AugmentSettings, PickSettings
from terrella.pick.store import Store

Windows = WindowSource | StreamedWindows

# Shares of the windows that the study changed for EQTransformer; its loudness was not.
_PUBLISHED = Shares(rotate=0.99, noise=0.5, gaps=0.2, drop=0.3, superpose=0.3)


def train_network(
    network: nn.Module,
    architecture: Architecture,
    stores: Sequence[Store],
    settings: PickSettings,
    run: Run,
    fingerprint: str,
    report: Report,
    made: Plan | None = None,
) -> nn.Module:
    """Return the network with the weights of the smallest loss on the dev split, on the CPU; run as it was planned.

    Raises:
        InputError: where a split holds no trace to learn from.
        Interrupted: after SIGTERM or Ctrl-C, with the state saved.
    """
    learned, validation = sources(architecture, stores, settings, planned_placement(made, architecture.name))
    report(
        {
            "kind": "message",
            "message": f"{len(learned):,} windows to train on, {len(validation):,} to validate",
        }
    )
    torch.manual_seed(settings.fit.seed)
    loss = make_loss(architecture, recipe(architecture.name))
    batch = even_batch(len(learned), settings.fit.batch)
    stage = Stage(
        architecture.name,
        settings.fit.epochs,
        settings.fit.learning_rate,
        warmup_steps=0,
        patience=settings.fit.patience,
        schedule=settings.fit.schedule,
    )
    training = Training(
        network=network.to(choose_device(settings.fit.device)),
        loss=loss,
        feed=Feed(learned, batch, settings.fit.seed, mixed_chunks=MIXED_CHUNKS),
        stages=(stage,),
        validate=lambda current: mean_loss(current, validation, loss, settings.fit.batch),
        fingerprint=fingerprint,
        sharded=settings.fit.sharded,
    )
    return fit(as_planned(training, made, run.folder), run, report).to("cpu")


def sources(
    architecture: Architecture,
    stores: Sequence[Store],
    settings: PickSettings,
    placement: Placement | None = None,
) -> tuple[Windows, Windows]:
    """Return the windows to train on and those to validate with; the latter are the same in every epoch.

    The stores' samples are laid where they were planned to, which changes no window and no order.
    """
    device = choose_device(settings.fit.device)
    placement = placement or placement_of(stores, device)
    if placement == "preloaded":
        stores = in_ram(stores)
    held = on_device(stores, device) if placement == "resident" else ()
    learned = replace(training_source(architecture, stores, settings), held=held)
    checked = replace(_source(architecture, stores, settings, "dev"), held=held)
    return streamed(learned, checked) if placement == "streamed" else (learned, checked)


def training_source(
    architecture: Architecture, stores: Sequence[Store], settings: PickSettings
) -> WindowSource:
    """Return the windows to train on, changed as the settings ask.

    Raises:
        InputError: where a store has another rate, or no trace to learn from.
    """
    source = _source(architecture, stores, settings, "train")
    return replace(source, shares=shares_of(settings.augment, source.recipe, architecture))


def shares_of(settings: AugmentSettings, recipe: Recipe, architecture: Architecture) -> Shares:
    """Return the shares of changed windows: those that are set, and the published ones for the others.

    Raises:
        InputError: where windows shall be rotated whose labels cannot be.
    """
    given = {name: share for name, share in settings.model_dump().items() if share is not None}
    shares = replace(_PUBLISHED if recipe.augmented else UNCHANGED, **given)
    if shares.rotate and (architecture.frames != architecture.window or recipe.labels == "step"):
        raise InputError(
            f"augment.rotate is {shares.rotate:g}, but labels of {architecture.title} cannot be; set it to 0"
        )
    return shares


@torch.no_grad()
def mean_loss(
    network: nn.Module, source: Windows, loss: Callable[[nn.Module, Batch], Tensor], batch: int
) -> float:
    """Return the loss over all windows of a source."""
    parts = torch.arange(len(source)).split(batch)
    batches = source.stream(parts, 1) if isinstance(source, StreamedWindows) else map(source.read, parts)
    return sum(float(loss(network, each)) * len(each["x"]) for each in batches) / len(source)


def even_batch(windows: int, batch: int) -> int:
    """Return a batch size a little larger where the last batch would be a single window.

    Batch normalisation cannot learn from one.

    Raises:
        InputError: where there is one window only.
    """
    if windows < 2:
        raise InputError("one window is too few to train on; give more traces, or more fit.windows_per_trace")
    batch = max(2, min(batch, windows))
    while windows % batch == 1:
        batch += 1
    return batch


def _source(
    architecture: Architecture, stores: Sequence[Store], settings: PickSettings, split: str
) -> WindowSource:
    for store in stores:
        if store.rate_hz != settings.data.rate_hz:
            raise InputError(
                f"{store.name} is sampled at {store.rate_hz:g} Hz; expected {settings.data.rate_hz:g} Hz "
                "(data.rate_hz)"
            )
    about, fit = recipe(architecture.name), settings.fit
    traces = traces_of(stores, split, about.phase)
    seed = fit.seed + (split == "dev")
    return WindowSource(traces, architecture, about, choose_device(fit.device), seed, fit.windows_per_trace)
