"""What a bundle holds, checked against what its task declares: a fault is one line that names it."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from terrella.engine.use.bundle import Bundle
from terrella.errors import InputError

Network = TypeVar("Network", bound=nn.Module)
_REMEDY = "copy or train it again"


def values_layout(name: str, **types: Any) -> type[BaseModel]:
    """Return a layout of values by name: a type, or a type and what holds where the value is missing.

    Numbers must be finite; values that the layout does not name are left out.
    """
    pairs = {key: each if isinstance(each, tuple) else (each, ...) for key, each in types.items()}
    made: type[BaseModel] = create_model(name, __config__=ConfigDict(allow_inf_nan=False), **pairs)  # type: ignore[call-overload]
    return made


def layout_of(
    kind: type, without: Collection[str] = (), optional: bool = False, **more: Any
) -> type[BaseModel]:
    """Return the layout of a dataclass's fields, and of more values; others are refused."""
    pairs = {
        each.name: (each.type, None if optional else ... if each.default is MISSING else each.default)
        for each in fields(kind)
        if each.name not in without
    }
    config = ConfigDict(allow_inf_nan=False, extra="forbid")
    made: type[BaseModel] = create_model(kind.__name__, __config__=config, **{**pairs, **more})
    return made


def checked_values(bundle: Bundle, layout: type[BaseModel]) -> dict[str, Any]:
    """Return a bundle's values that a layout names and the bundle has; JSON's lists are tuples where it says so.

    Raises:
        InputError: where one is missing, or of another type.
    """
    try:
        found = layout.model_validate_json(json.dumps(dict(bundle.values)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        got = "" if first["type"] == "missing" else f"; got {str(first['input'])[:80]!r}"
        raise InputError(
            f"{bundle.where}: the value {name}: {first['msg'][:1].lower()}{first['msg'][1:]}{got}; {_REMEDY}"
        ) from None
    return found.model_dump(exclude_unset=True)


def checked_array(bundle: Bundle, name: str, *shape: int | None, truth: bool = False) -> npt.NDArray[Any]:
    """Return a tensor of finite numbers, or of truth values, as an array; None in the shape is any size.

    Raises:
        InputError: where it is missing, or other than that.
    """
    tensor = bundle.tensors.get(name)
    if tensor is None:
        raise InputError(f"{bundle.where} lacks the tensor {name}; {_REMEDY}")
    if tensor.dtype is not torch.bool if truth else not tensor.is_floating_point():
        wanted = "truth values" if truth else "floats"
        raise InputError(
            f"{_of(name, bundle.where)} holds {_plain(tensor.dtype)}, expected {wanted}; {_REMEDY}"
        )
    if len(shape) != tensor.ndim or any(n not in (None, m) for n, m in zip(shape, tensor.shape, strict=True)):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise InputError(
            f"{_of(name, bundle.where)} has the shape {tuple(tensor.shape)}, expected ({wanted}); {_REMEDY}"
        )
    _refuse_not_finite(name, tensor, bundle.where)
    return np.asarray(tensor.numpy())


def checked_network(make: Callable[[], Network], tensors: Mapping[str, Tensor], where: str) -> Network:
    """Return a network with the tensors of a bundle or file as its state, ready for use.

    Raises:
        InputError: where no network can be made, or the tensors differ from it in a name, shape or type, or hold
            a number that is not finite.
    """
    try:
        # Sizes from a file are compared before any memory is taken.
        with _Shapes():
            expected = make().state_dict()
    except (InputError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{where}: its settings make no network ({reason}); {_REMEDY}") from None
    for name, tensor in tensors.items():
        if name not in expected:
            raise InputError(f"{_of(name, where)} is none of its network's; {_REMEDY}")
        if tensor.shape != expected[name].shape:
            raise InputError(
                f"{_of(name, where)} has the shape {tuple(tensor.shape)}, expected "
                f"{tuple(expected[name].shape)}; {_REMEDY}"
            )
        if tensor.dtype != expected[name].dtype:
            raise InputError(
                f"{_of(name, where)} holds {_plain(tensor.dtype)}, expected {_plain(expected[name].dtype)}; "
                f"{_REMEDY}"
            )
        _refuse_not_finite(name, tensor, where)
    if missing := [name for name in expected if name not in tensors]:
        raise InputError(f"{where} lacks the tensor {missing[0]}; {_REMEDY}")
    network = make()
    network.load_state_dict(dict(tensors))
    return network.eval()


class _Shapes(TorchFunctionMode):
    """Makes tensors without memory, and fills none of them.

    Under torch.device("meta") random numbers and the like import torch's compiler, which takes 1.5 s.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in (torch.empty, torch.zeros, torch.ones):
            return func(*args, **{**kwargs, "device": "meta"})
        filled = args[0] if args else kwargs.get("tensor")
        in_place = func.__name__.endswith("_") and not func.__name__.startswith("_")
        if in_place and isinstance(filled, Tensor) and filled.is_meta:
            return filled
        return func(*args, **kwargs)


def _refuse_not_finite(name: str, tensor: Tensor, where: str) -> None:
    if not torch.isfinite(tensor).all():
        raise InputError(f"{_of(name, where)} holds numbers that are not finite; {_REMEDY}")


def _of(name: str, where: str) -> str:
    return f"{where}: the tensor {name}"


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
