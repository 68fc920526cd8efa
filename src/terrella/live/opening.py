"""The folder of a record: its rules and its bundle, which stay as they were when it began."""

from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import Any

from terrella.engine.settings import parse_settings, settings_text
from terrella.engine.use.find import find_bundle
from terrella.errors import InputError
from terrella.files import must_exist, replace_folder, write_text
from terrella.forecast.storage import TASK
from terrella.live.issuing import Served, load_served
from terrella.live.settings import LiveSettings
from terrella.live.store import Store, open_store
from terrella.live.times import iso

BEGAN = "began"
BUNDLE = "bundle"  # a copy: a record outlives what it was begun with
_SETTINGS = "settings.toml"


@dataclass(frozen=True, eq=False)
class Opened:
    """A record's store, its rules, its bundle, when it began, and whether it replays the past."""

    store: Store
    settings: LiveSettings
    served: Served
    began_us: int
    replays: bool


def begin(
    folder: Path, settings: LiveSettings, bundle: str, now_us: int, replays: bool, url: str | None = None
) -> Opened:
    """Return the record of a folder, begun now where there is none.

    Raises:
        InputError: where it was begun with other rules, another bundle, or for another purpose.
    """
    served = load_served(str(bundle))
    store = open_store(folder, url)
    wanted = settings_text(settings)
    found = store.records(BEGAN, latest=1)
    if not found:
        write_text(folder / _SETTINGS, wanted)
        source = find_bundle(Path(bundle), TASK)
        replace_folder(folder / BUNDLE, lambda made: _copy(source, made))
        told: dict[str, Any] = {
            "settings": wanted,
            "bundle": {"name": served.name, "sha256": served.hash},
            "replays": replays,
            "issue_time": iso(now_us),
        }
        store.append([(BEGAN, BEGAN, now_us, told)])
        return Opened(store, settings, served, now_us, replays)
    values = found[0].values
    if values["settings"] != wanted:
        raise InputError(
            f"{folder} was begun with other settings ({folder / _SETTINGS}); give these, or another folder"
        )
    if values["bundle"]["sha256"] != served.hash:
        raise InputError(
            f"{folder} was begun with the bundle {values['bundle']['name']} as it was then; a record keeps its "
            "bundle: give another folder for another one"
        )
    if values["replays"] != replays:
        kind = "replays the past" if values["replays"] else "is live"
        raise InputError(f"{folder} holds a record that {kind}; give another folder")
    return Opened(store, settings, served, found[0].time_us, replays)


def _copy(source: Path, made: Path) -> None:
    copytree(source, made, dirs_exist_ok=True)


def reopen(folder: Path, url: str | None = None) -> Opened:
    """Return the record of a folder as it was begun.

    Raises:
        InputError: where there is none.
    """
    must_exist(folder, "the folder of a live record")
    if url is None and not (folder / "record.sqlite").is_file():
        raise InputError(f"{folder}: no live record lies there; begin one with terrella live run or replay")
    store = open_store(folder, url)
    found = store.records(BEGAN, latest=1)
    if not found:
        raise InputError(f"{folder}: the record has not begun; begin it with terrella live run or replay")
    values = found[0].values
    settings = parse_settings(LiveSettings, values["settings"], str(folder / _SETTINGS))
    served = replace(load_served(str(folder / BUNDLE)), name=values["bundle"]["name"])
    return Opened(store, settings, served, found[0].time_us, values["replays"])
