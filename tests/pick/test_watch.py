"""`terrella pick watch`: what a growing archive gives is what the whole of it gives, whatever happens in between."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from association_cases import make_case, write
from growing_archive import Arriving, append, arriving, onsets

import terrella.pick.continuous.command as command
import terrella.pick.watch.command as watching
from terrella.cli.main import main
from terrella.errors import InputError
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.waveforms.picks import read_picks
from terrella.pick.association.associate import AssociationSettings
from terrella.pick.association.command import associate_files
from terrella.pick.continuous.picking import Pick
from terrella.pick.data.tally import Tally
from terrella.pick.watch import state as kept
from terrella.pick.watch.events import associate_changed, associating, events
from terrella.pick.watch.state import Made


class Killed(BaseException):
    """Stands for a process that ends without a word."""


@pytest.fixture(scope="module")
def network():
    return onsets()


@pytest.fixture(autouse=True)
def in_place_of_a_bundle(monkeypatch: pytest.MonkeyPatch, network) -> None:
    monkeypatch.setattr(command, "_network", lambda bundle: (network, "onsets"))


@pytest.fixture(scope="module")
def arrivals() -> list[Arriving]:
    return arriving()


def at_once(archive: Path, output: Path) -> pd.DataFrame:
    command.run(str(archive), "onsets", output, lambda event: None)
    return read_picks(output / "picks.csv")[0]


def watched(output: Path) -> pd.DataFrame:
    return pd.concat([read_picks(path)[0] for path in sorted((output / "picks").glob("*.csv"))], ignore_index=True)


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(expected) >= 8
    assert found[["trace_id", "phase"]].values.tolist() == expected[["trace_id", "phase"]].values.tolist()
    apart = (found["time"] - expected["time"]).abs()
    assert apart.max() <= pd.Timedelta("1ms")
    np.testing.assert_allclose(found["probability"], expected["probability"], atol=1.5e-3)
    np.testing.assert_allclose(found["amplitude"], expected["amplitude"], rtol=2e-3)


def once(archive: Path, output: Path, said: list | None = None, **options) -> list[str]:
    events: list[dict] = []
    watching.watch(archive, "onsets", output, events.append, once=True, **options)
    lines = [event["message"] for event in events if "message" in event]
    if said is not None:
        said += lines
    return lines


@contextmanager
def killed_at(random: np.random.Generator, monkeypatch: pytest.MonkeyPatch, chance: float) -> Iterator[None]:
    """End the work at random before, within and after what is kept in one step, and between its files."""
    whole, write_rows = kept.changing, watching.write_changed

    def die() -> None:
        if random.random() < chance:
            raise Killed

    @contextmanager
    def changing(state: sqlite3.Connection) -> Iterator[None]:
        die()
        with whole(state):
            yield
            die()
        die()

    def write_changed(*arguments) -> None:
        die()
        write_rows(*arguments)
        die()

    with monkeypatch.context() as patch:
        patch.setattr(kept, "changing", changing)
        patch.setattr(watching, "write_changed", write_changed)
        yield


def followed(archive: Path, output: Path, steps: Iterator[None]) -> None:
    """Watch, each time once more after the archive has grown, until there are no more steps."""

    def sleep(seconds: float) -> None:
        next(steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching.time, "sleep", sleep)
        try:
            watching.watch(archive, "onsets", output, lambda event: None)
        except RuntimeError as error:
            assert isinstance(error.__cause__, StopIteration)  # noqa: PT017


@pytest.mark.parametrize("seed", range(4))
def test_watched_as_it_grows_with_restarts_it_gives_the_picks_of_the_whole(
    tmp_path: Path, arrivals: list[Arriving], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = np.random.default_rng(seed)
    archive, output = tmp_path / "sds", tmp_path / "watch"
    late = [each.end_s + random.exponential(300) * (random.random() < 0.1) for each in arrivals]
    order = [arrivals[k] for k in np.argsort(late)]
    again = [order[k] for k in random.integers(0, len(order), 5)]  # the same record twice
    lost = random.random(len(order)) < 0.02
    left = [each for each, gone in zip(order, lost, strict=True) if not gone]
    for each in again:
        left.insert(int(random.integers(len(left))), each)
    append(archive, left[:10])
    del left[:10]
    restarts = 0
    with killed_at(random, monkeypatch, 0.02):
        while left:
            try:
                with pytest.raises(StopIteration), pytest.MonkeyPatch.context() as patch:
                    patch.setattr(watching.time, "sleep", lambda seconds: _grow(archive, left, random))
                    watching.watch(archive, "onsets", output, lambda event: None)
            except Killed:
                restarts += 1
    lines = once(archive, output)
    assert restarts > 0
    expected = at_once(archive, tmp_path / "run")
    assert_same(watched(output), expected)
    assert lines[-1].startswith(f"{len(expected):,} picks and 0 events")


def _grow(archive: Path, left: list[Arriving], random: np.random.Generator) -> None:
    if not left:
        raise StopIteration
    number = int(random.integers(1, 40))
    append(archive, left[:number])
    del left[:number]
