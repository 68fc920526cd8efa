"""The six networks, each written from its paper in one file, by name."""

from importlib import import_module

from terrella.errors import InputError
from terrella.pick.networks.architecture import Architecture

# DPP is three networks: a detector, and a picker for each phase.
NAMES = ("basicphaseae", "cred", "dpp-detector", "dpp-p", "dpp-s", "eqtransformer", "gpd", "phasenet")
_FILES = {"dpp-detector": "dpp", "dpp-p": "dpp", "dpp-s": "dpp", "basicphaseae": "basic_phase_ae"}


def architecture(name: str) -> Architecture:
    """Return an architecture by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    Architecture
        What makes the network, and what it takes and gives: windows (window, component, sample) at a rate in Hz.

    Raises
    ------
    InputError
        Where there is none of that name.
    """
    if name not in NAMES:
        raise InputError(f"there is no network {name!r}; there are {', '.join(NAMES)}")
    module = import_module(f"terrella.pick.networks.{_FILES.get(name, name)}")
    found: dict[str, Architecture] = {each.name: each for each in module.ARCHITECTURES}
    return found[name]


__all__ = ["NAMES", "Architecture", "architecture"]
