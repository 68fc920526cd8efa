"""The training of one network: windows in, the loss that fits its answer, stopped early on the dev split."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from terrella.engine.device import choose_device
from terrella.engine.feed import Batch
from terrella.engine.plan.step import Precision, Step
from terrella.engine.plan.strategy import Placement
from terrella.errors import InputError
from terrella.pick.feed.changes import UNCHANGED, Shares
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


def network_step(
    taken: Architecture, batch: int, accumulation: int = 1, precision: Precision = "float32"
) -> Step:
    """Return the training step of a network."""
    answer = (len(taken.outputs), taken.frames) if taken.frames else (len(taken.outputs),)

    def make_batch(size: int) -> Batch:
        return {"x": torch.randn(size, len(taken.components), taken.window), "y": torch.rand(size, *answer)}

    loss = make_loss(taken, recipe(taken.name))
    return Step(taken.make, make_batch, loss, batch, accumulation, precision)


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
