"""Networks made ready once: the next run picks without torch, whose import takes longer than picking an hour."""

import json
import os
from contextlib import suppress
from dataclasses import asdict
from glob import escape
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from terrella import __version__
from terrella.engine.use.find import ONNX, WEIGHTS
from terrella.engine.use.header import own_onnx, read_header
from terrella.errors import InputError, TerrellaError
from terrella.files import replace_file, write_json
from terrella.pick.continuous.annotate import Annotator, make_annotator
from terrella.pick.continuous.evaluate import by_onnx
from terrella.pick.data.published import weights_file
from terrella.pick.networks.architecture import Architecture, refuse_odd_numbers

_VERSION = 1  # of what is kept


def ready_annotator(where: str) -> tuple[Annotator, str]:
    """Return the network of a bundle, as `load_picker_network` finds it, and a checksum of its files.

    What ONNX Runtime evaluates is kept in the user's cache folder, by the checksum.

    Raises:
        InputError: where there is no bundle, it cannot be read, or it is not compressed and there is no torch.
        TerrellaError: where it cannot be downloaded.
    """
    where = weights_file(where)
    files = _files(Path(where))
    mark = _checksum(files) if files else ""
    if files and files[0].name == WEIGHTS and (files[0].parent / ONNX).is_file():
        return _compressed(files[0].parent), mark
    kept = _folder() / mark
    if mark and find_spec("onnxruntime") and (annotator := _kept(kept)) is not None:
        return annotator, mark
    if find_spec("torch") is None:
        raise InputError(f"{where} needs torch, which is not installed; compressed bundles do not")
    from terrella.pick.bundle import load_picker_network

    network, architecture, _ = load_picker_network(where)
    annotator = make_annotator(network, architecture)
    if mark and annotator.model is not None:
        _keep(annotator, kept)
    return annotator, mark


def _files(given: Path) -> list[Path]:
    """Return the files of a bundle, or of weights with those beside them; none where there is neither."""
    if given.is_file():
        stem = escape(given.name.split(".")[0])
        return sorted(each for each in given.parent.glob(f"{stem}.*") if each.is_file())
    places = [given, given / "model"]
    if len(given.parts) == 1:
        places.append(Path("runs", "pick", given, "model"))
    place = next((place for place in places if (place / WEIGHTS).is_file()), None)
    return [] if place is None else [file for name in (WEIGHTS, ONNX) if (file := place / name).is_file()]


def _checksum(files: list[Path]) -> str:
    total = sha256(f"{_VERSION} {__version__}".encode())
    for file in files:
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()[:16]


def _compressed(folder: Path) -> Annotator:
    """Return the network of a compressed bundle, for which torch is not needed."""
    header = read_header(folder / WEIGHTS)
    model = own_onnx(folder, header)
    try:
        architecture = _architecture(header["values"]["takes"])
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{folder} does not say what its network takes; compress the run again") from None
    refuse_odd_numbers(architecture, str(folder))
    assert model is not None
    form = str(header.get("form", ""))
    evaluate = by_onnx(model, architecture, form, _folder())
    return Annotator(architecture, evaluate, model=model, form=form)


def _architecture(fields: dict[str, Any]) -> Architecture:
    whole: dict[str, Any] = {
        key: tuple(each) if isinstance(each, list) else each for key, each in fields.items()
    }
    return Architecture(make=_no_module, **whole)


def _kept(path: Path) -> Annotator | None:
    """Return what was kept; None where it is not there or is damaged."""
    try:
        architecture = _architecture(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
        model = path.with_suffix(".onnx").read_bytes()
        return Annotator(architecture, by_onnx(model, architecture), model=model)
    except Exception:  # ONNX Runtime raises kinds of its own; then all is made anew
        return None


def _keep(annotator: Annotator, path: Path) -> None:
    about = {key: value for key, value in asdict(annotator.architecture).items() if key != "make"}
    model = annotator.model or b""
    with suppress(TerrellaError):  # a cache that cannot be written is none
        replace_file(path.with_suffix(".onnx"), lambda temporary: _write(temporary, model))
        write_json(path.with_suffix(".json"), about)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _no_module() -> Any:
    raise NotImplementedError("this network was loaded for ONNX Runtime alone")


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrella" / "pick"
