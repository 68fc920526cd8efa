"""Texts from a catalogue and names of files, as the commands show them."""

from pathlib import Path

import pytest
from typed_commands import run

HEADER = "time,latitude,longitude,depth,mag,magType,id\n"


def catalogue(path: Path, kind: str) -> Path:
    rows = [
        f"20{10 + i // 12}-{1 + i % 12:02}-01T00:00:00Z,1.{i},2.{i},5,{3 + i % 7 / 10},{kind},e{i}\n"
        for i in range(60)
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(rows))
    return path


@pytest.mark.parametrize(
    "name", ["cat[old].csv", "x[/y].csv", "[bold]c[/bold].csv", "esc\x1b[31m.csv", "$\\bad$.csv"]
)
@pytest.mark.parametrize("kind", ["[/b]", "ml\x1b[2J"])
def test_a_catalogue_is_shown_whatever_its_texts_are(name, kind, tmp_path, capsys):
    assert run("forecast", "show", catalogue(tmp_path / name, kind)) == 0
    shown = capsys.readouterr()
    assert kind.replace("\x1b", r"\x1b").lower() in shown.out.lower()
    stem = name.removesuffix(".csv").rsplit("/", 1)[-1].replace("\x1b", r"\x1b")
    assert f"{stem}.png" in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert run("forecast", "data", tmp_path / name, "-o", tmp_path / "out[1].csv") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_an_error_that_quotes_a_file_tells_the_terminal_nothing(tmp_path, capsys):
    assert run("forecast", "show", tmp_path / "none\x1b]0;x\x07.csv") == 2
    assert r"none\x1b]0;x\x07.csv" in capsys.readouterr().err


def test_a_judged_run_shows_its_names_as_they_are(tmp_path, capsys):
    (tmp_path / "settings.toml").touch()
    (tmp_path / "scores.json").write_text(
        '{"data": "cat[old].csv", "split": "[/i]", "models": {"[/b]": {"brier": {"value": 0.5}}}}'
    )
    assert run("forecast", "show", tmp_path) == 0
    shown = capsys.readouterr().out
    assert "cat[old].csv; [/i]" in shown
    assert "[/b]" in shown
