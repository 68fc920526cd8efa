"""The device that a training runs on."""

import torch

from terrella.errors import InputError


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name: auto (CUDA where there is one), cpu, cuda or cuda:1.

    Raises:
        InputError: where the machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"device {name!r} cannot be used here ({reason}); choose auto, cpu or cuda"
        ) from None
    return device
