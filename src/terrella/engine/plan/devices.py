"""Devices to plan for: those at hand, those shipped in devices.toml, and the user's own."""

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

import psutil
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from terrella.engine.plan.time.calibrate import Calibration, calibration
from terrella.errors import InputError
from terrella.formats.encoding import decoded

Kind = Literal["cpu", "cuda", "tpu"]


class Device(BaseModel):
    """What a training step meets: rates per second, bytes, and the share of them that it reaches."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: str
    kind: Kind = "cuda"
    flops: dict[str, float] = Field(min_length=1)  # peak by precision: float32, bfloat16, …
    convolution_flops: dict[str, float] = {}  # where they differ from those of matrix products
    bandwidth: float = Field(gt=0)  # bytes per second of its memory
    memory: float = Field(gt=0)  # bytes
    link: float = Field(25e9, gt=0)  # bytes per second to another device of the host, one direction
    link_latency_s: float = Field(10e-6, ge=0)
    launch_s: float = Field(6e-6, ge=0)  # of one operator
    compute_share: float = Field(0.5, gt=0, le=1)
    bandwidth_share: float = Field(0.75, gt=0, le=1)
    source: str = "the user's"
    at_hand: bool = False  # operators can be replayed on it

    def rate(self, precision: str, convolution: bool = False) -> float:
        """Return the floating-point operations per second that a step reaches in matrix work.

        Torch lets convolutions in float32 use TF32 on a GPU, and products not. Where the device has no peak of a
        precision, float32's counts.
        """
        if convolution and precision == "float32" and self.kind == "cuda":
            precision = "tf32"
        peaks = self.flops | self.convolution_flops if convolution else self.flops
        return self.compute_share * peaks.get(precision, self.flops["float32"])

    @property
    def traffic(self) -> float:
        """Bytes per second that a step reaches between the device and its memory."""
        return self.bandwidth_share * self.bandwidth


def find_device(name: str) -> Device:
    """Return a device by its name, or from a TOML file of the same keys; `this` is the machine at hand.

    A file holds one device, at its top or in one table.

    Raises:
        InputError: naming the nearest known device, or the key of the file that is at fault.
    """
    if name in ("this", "auto"):
        return this_machine()
    if name.endswith(".toml") or Path(name).is_file():
        return _read(Path(name))
    shipped, asked = _shipped(), name.lower().replace("_", "-").replace(" ", "-")
    if asked in shipped:
        return _checked(shipped[asked], f"devices.toml: {asked}")
    near = difflib.get_close_matches(asked, shipped, 3, 0.5)
    hint = f"did you mean {' or '.join(near)}" if near else f"known are {', '.join(shipped)}"
    raise InputError(f"there is no device {name!r}; {hint}; a TOML file of your own may be named too")


def this_machine(kind: Kind | None = None) -> Device:
    """Return the machine at hand: its GPU where it has one or `kind` is cuda, else its processor as calibrated.

    Raises:
        InputError: where a GPU is asked for and there is none.
    """
    has_gpu = torch.cuda.is_available()
    if kind == "cuda" and not has_gpu:
        raise InputError("this machine has no CUDA device; name one to plan for, such as rtx-4090")
    return _gpu(calibration()) if has_gpu and kind != "cpu" else _processor(calibration())


def _processor(measured: Calibration) -> Device:
    """Return the processor at torch's number of threads; its rates are measured, so they are reached in full."""
    return Device(
        title=f"{measured.processor}, {measured.threads} thread{'s' * (measured.threads != 1)}",
        kind="cpu",
        flops=measured.product_flops,
        convolution_flops=measured.convolution_flops,
        bandwidth=measured.copy_bandwidth,
        memory=float(psutil.virtual_memory().total),
        link=measured.copy_bandwidth / 4,  # processes of one host copy through shared memory, twice each way
        link_latency_s=50e-6,
        launch_s=measured.call_s,
        compute_share=1.0,
        bandwidth_share=1.0,
        source="measured on this machine",
        at_hand=True,
    )


def _gpu(measured: Calibration) -> Device:
    about = torch.cuda.get_device_properties(0)
    known = _nearest(about.name, about.total_memory)
    return Device(
        title=about.name,
        kind="cuda",
        flops=measured.gpu_flops,
        bandwidth=measured.gpu_bandwidth,
        memory=float(about.total_memory),
        link=known.link if known else 25e9,
        link_latency_s=known.link_latency_s if known else 10e-6,
        launch_s=measured.gpu_call_s,
        compute_share=1.0,
        bandwidth_share=1.0,
        source="measured on this machine",
        at_hand=True,
    )


def _nearest(title: str, memory: float) -> Device | None:
    """Return the shipped device whose words are all in a title, of the nearest memory."""
    devices = [_checked(values, name) for name, values in _shipped().items() if _named(name, title)]
    return min(devices, key=lambda each: abs(each.memory - memory), default=None)


def _named(name: str, title: str) -> bool:
    words = title.lower().replace("-", " ").split()
    return all(part in words for part in name.split("-") if not (part.isdigit() and int(part) < 100))


def _shipped() -> dict[str, dict[str, object]]:
    text = files("terrella.engine.plan").joinpath("devices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _read(path: Path) -> Device:
    try:
        values = tomllib.loads(decoded(path.read_bytes(), f"device file {path}").text)
    except FileNotFoundError:
        raise InputError(
            f"device file {path} is not there; known devices are {', '.join(_shipped())}"
        ) from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise InputError(f"device file {path} cannot be read: {error}") from None
    tables = [each for each in values.values() if isinstance(each, dict)]
    if len(values) == 1 and tables:  # [my-card] around the keys
        values = tables[0]
    values.setdefault("title", path.stem)
    return _checked(values, str(path))


def _checked(values: dict[str, object], where: str) -> Device:
    try:
        device = Device.model_validate(values)
    except ValidationError as error:
        # A misspelt key first: that another one is missing follows from it.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        key = ".".join(str(part) for part in first["loc"])
        known = difflib.get_close_matches(key, Device.model_fields, 1, 0.6)
        hint = f"; did you mean {known[0]}?" if first["type"] == "extra_forbidden" and known else ""
        reason = first["msg"][:1].lower() + first["msg"][1:]
        raise InputError(f"device {where}: {key}: {reason}; got {first['input']!r}{hint}") from None
    if "float32" not in device.flops or min(device.flops.values()) <= 0:
        raise InputError(f"device {where}: flops must hold float32 and be positive; got {device.flops}")
    return device
