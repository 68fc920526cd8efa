"""A trained picking network as a bundle, or as a file of SeisBench's weights."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from torch import nn

from terrella.engine.judge.document import card_text
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_values, layout_of, values_layout
from terrella.engine.use.forms import bundle_network
from terrella.errors import InputError
from terrella.pick.data.published import weights_file
from terrella.pick.networks import NAMES, Architecture, architecture
from terrella.pick.networks.architecture import refuse_odd_numbers
from terrella.pick.settings import PickSettings
from terrella.pick.store import Store

TASK = "pick"
_ARGUMENTS = dict[str, bool | int | float | str]
_LAYOUT = values_layout(
    "pick",
    network=Literal[NAMES],
    architecture=layout_of(Architecture, ("make",), optional=True, make=(_ARGUMENTS, ...)),
)
_FILES = (".pt", ".safetensors")


def picker_values(trained: Architecture) -> dict[str, Any]:
    """Return what a bundle keeps of a network: its name, and what sets it apart from the published one."""
    published = asdict(architecture(trained.name))
    changed = {key: each for key, each in asdict(trained).items() if key != "make" and each != published[key]}
    # A variant is made with arguments of its own.
    arguments = getattr(trained.make, "keywords", {})
    return {"network": trained.name, "architecture": {**changed, "make": arguments}}


def load_picker_network(where: Path | str) -> tuple[nn.Module, Architecture, dict[str, Any]]:
    """Return a network ready for use, what it takes and gives, and the values kept with it.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, a run's, the name of a run in `runs/pick`, a file of SeisBench's weights (.pt, .pt.v1 or
        .safetensors), or the name of published ones, such as seisbench:phasenet/stead, which are downloaded into
        SeisBench's cache where they are not there; the network of a file is that which its weights fit.

    Returns
    -------
    network : Module
        Takes windows (window, component, sample), prepared as the architecture says.
    trained : Architecture
        What it takes and gives, its window in samples.
    values : dict
        What a bundle keeps beside the weights, such as the sampling rate in Hz.

    Raises
    ------
    InputError
        Where there is none, or it cannot be read.
    TerrellaError
        Where it cannot be downloaded.
    """
    path = Path(weights_file(str(where)))
    if path.is_file() and (path.suffix in _FILES or ".pt" in path.suffixes):
        return _from_weights(path)
    bundle = load_bundle(path, TASK)
    network, trained = bundle_picker(bundle)
    return network, trained, dict(bundle.values)


def bundle_picker(bundle: Bundle) -> tuple[nn.Module, Architecture]:
    """Return a bundle's network in its form, and what it takes and gives.

    Raises:
        InputError: where it cannot be read.
    """
    trained = bundle_architecture(bundle)
    return bundle_network(bundle, trained.make), trained


def bundle_architecture(bundle: Bundle) -> Architecture:
    """Return what a bundle's network takes and gives.

    Raises:
        InputError: where its values are at fault.
    """
    values = checked_values(bundle, _LAYOUT)
    published, differences = architecture(values["network"]), values["architecture"]
    if arguments := differences.pop("make"):
        differences["make"] = partial(published.make, **arguments)
    trained = replace(published, **differences)
    refuse_odd_numbers(trained, bundle.where)
    return trained


def card(
    trained: Architecture, settings: PickSettings, stores: Sequence[Store], loss: float, mark: str
) -> str:
    """Return the card of a trained network."""
    about = [
        f"- task: pick; outputs {', '.join(trained.outputs)}; components {', '.join(trained.components)}",
        f"- takes windows of {trained.window} samples at {settings.data.rate_hz:g} Hz",
        f"- began from {settings.start_from or 'random weights'}",
        f"- smallest loss on the dev split: {loss:.4f}; fingerprint {mark}",
    ]
    title = f"{trained.title}, trained on {', '.join(store.name for store in stores)}"
    return card_text(title, {"": about, "Data": [_about(store) for store in stores], "Limits": _LIMITS})


_LIMITS = (
    "A picker is sure only of waveforms like those it has seen: distances, magnitudes, instruments and noise",
    "of the data above. `terrella pick compare` tells how it does on others, beside classical pickers.",
)


def _about(store: Store) -> str:
    counts = ", ".join(f"{(store.split == split).sum():,} {split}" for split in ("train", "dev", "test"))
    numbers = zip(store.phases, (store.picks >= 0).sum(0), strict=True)
    told = ", ".join(f"{count:,} {name}" for name, count in numbers if count)
    return f"- {store.name}: {counts} traces; picks: {told or 'none'}; {store.noise.sum():,} of noise"


def _from_weights(path: Path) -> tuple[nn.Module, Architecture, dict[str, Any]]:
    """Return the network that a file's weights fit, by its name first and by trying all otherwise."""
    from terrella.pick.networks.weights import load_weights

    named = sorted(NAMES, key=lambda name: name not in str(path).lower())
    for name in named:
        try:
            network, trained = load_weights(path, architecture(name))
        except InputError as error:
            if name == named[0]:
                first = error
            continue
        return network, trained, {"network": name, "weights": str(path)}
    raise InputError(f"{path} holds the weights of none of the networks {', '.join(NAMES)}: {first}")
