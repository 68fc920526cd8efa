"""Settings: a TOML file and overrides in, one frozen pydantic model out."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ValidationError

from terrella.engine.fit_settings import lasting
from terrella.errors import InputError
from terrella.files import write_text
from terrella.formats.encoding import decoded

Model = TypeVar("Model", bound=BaseModel)

_TASK = "task"  # the key of settings.toml that names the task


def load_settings(
    model: type[Model],
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    task: str | None = None,
) -> Model:
    """Return settings from a TOML file, if any, with overrides such as {"fit": {"epochs": 40}} on top.

    Raises:
        InputError: naming the file and the setting at fault, with the nearest known name; where the file says that
            it is another task's.
    """
    overrides = overrides or {}
    values = _read_toml(path) if path is not None else {}
    said = values.pop(_TASK, task)
    if task is not None and said != task:
        raise InputError(
            f"{path} holds the settings of {said!r}, not of {task!r}; give those of a {task} run"
        )
    where = f" in {path}" if path is not None else ""
    _check_names(model, values, where)
    _check_names(model, overrides, "")
    given = set(_flat_names(overrides, model))
    return _validated(model, _merged(values, overrides), where, given)


def settings_text(settings: BaseModel) -> str:
    """Return settings as TOML, whole; unset ones are left out."""
    return tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))


def parse_settings(model: type[Model], text: str, where: str = "") -> Model:
    """Return settings from TOML text that `settings_text` wrote; `where` says in errors whose they are.

    Raises:
        InputError: where the text is no TOML, or a setting is unknown or of another type.
    """
    where = f" in {where}" if where else ""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the settings{where} cannot be read: {error}") from None
    _check_names(model, values, where)
    return _validated(model, values, where, set())


def save_settings(settings: BaseModel, path: Path, task: str) -> None:
    """Write settings as TOML, whole, in one step, and whose they are."""
    write_text(path, f'{_TASK} = "{task}"\n{settings_text(settings)}')


def task_of(path: Path) -> str | None:
    """Return the task whose settings a file holds; None where it does not say, as before version 0.1 it did not.

    Raises:
        InputError: where the file cannot be read.
    """
    said = _read_toml(path).get(_TASK)
    return said if isinstance(said, str) else None


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Return the dotted names of all settings of a model."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_names(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def changed_settings(before: Model, now: Model) -> list[str]:
    """Return what differs between two settings, such as "fit.epochs was 12, is 40"."""

    def value(settings: BaseModel, name: str) -> Any:
        for part in name.split("."):
            settings = getattr(settings, part)
        return settings

    pairs = ((name, value(before, name), value(now, name)) for name in setting_names(type(now)))
    return [f"{name} was {old!r}, is {new!r}" for name, old, new in pairs if old != new]


def refuse_other_settings(path: Path, now: Model) -> None:
    """Refuse to go on with a run that was begun with other settings, where `path` holds those of an earlier call.

    Raises:
        InputError: with what has changed.
    """
    if not path.is_file():
        return
    changed = changed_settings(lasting(load_settings(type(now), path)), lasting(now))
    if changed:
        raise InputError(
            f"{path.parent} was begun with other settings ({'; '.join(changed)}); give them as they were, or "
            "another --run"
        )


def refuse_other_task(path: Path, task: str) -> None:
    """Refuse a folder that is another task's run, where `path` holds its settings; older ones do not say.

    Raises:
        InputError: where it is.
    """
    said = task_of(path) if path.is_file() else None
    if said not in (None, task):
        raise InputError(f"{path.parent} is a run of {said}, not of {task}; give another folder")


def fingerprint(*parts: Any) -> str:
    """Return a short SHA-256 of settings, bytes or JSON values."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, BaseModel):
            part = _lasting_values(part)
        content = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        # Digests of digests, so that a byte moved from one part to the next is seen.
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _lasting_values(settings: BaseModel) -> dict[str, Any]:
    """Return settings as JSON values, without what was added since and is as if it were not there."""
    values = settings.model_dump(mode="json")
    for name, field in type(settings).model_fields.items():
        value, extra = getattr(settings, name), field.json_schema_extra
        if isinstance(extra, dict) and extra.get("added") and value == field.default:
            del values[name]
        elif isinstance(value, BaseModel):
            values[name] = _lasting_values(value)
    return values


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        return tomllib.loads(decoded(content, f"settings file {path}").text) if content.strip() else {}
    except FileNotFoundError:
        raise InputError(f"settings file {path} is not there") from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise InputError(f"settings file {path} cannot be read: {error}") from None


def _merged(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for name, value in overrides.items():
        inner = merged.get(name)
        both = isinstance(value, Mapping) and isinstance(inner, Mapping)
        merged[name] = _merged(inner, value) if both else value  # type: ignore[arg-type]
    return merged


def _flat_names(values: Mapping[str, Any], model: type[BaseModel] | None, prefix: str = "") -> Iterator[str]:
    """Return the dotted names in nested values; below an unknown name, all names."""
    for name, value in values.items():
        field = model.model_fields.get(name) if model is not None else None
        inner = field.annotation if field is not None else None
        table = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
        if isinstance(value, Mapping) and (table is not None or field is None):
            yield from _flat_names(value, table, f"{prefix}{name}.")
        else:
            yield prefix + name


def _check_names(model: type[BaseModel], values: Mapping[str, Any], where: str) -> None:
    names = list(setting_names(model))
    for name in _flat_names(values, model):
        if name in names:
            continue
        if inside := [known for known in names if known.startswith(f"{name}.")]:
            raise InputError(f"{name}{where} is a table of settings, not one of them; set {inside[0]}, …")
        raise InputError(f"unknown setting {name}{where}; {_hint(name, names)}")


def _hint(name: str, names: list[str]) -> str:
    # Last parts too: `epochs` alone means `fit.epochs`.
    near = difflib.get_close_matches(name, names, 1, 0.6) or [
        known for known in names if known.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]
    ]
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def _validated(model: type[Model], values: dict[str, Any], where: str, overridden: set[str]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if any(name == given or name.startswith(f"{given}.") for given in overridden):
            where = ""
        raise InputError(f"setting {name}{where}: {_lower(first['msg'])}; got {first['input']!r}") from None


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
