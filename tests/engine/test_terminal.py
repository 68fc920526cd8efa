"""Texts from data on the terminal: shown as they are, and powerless."""

import io
from pathlib import Path

import pytest
from rich.table import Table

import terrella
from terrella.engine import terminal
from terrella.engine.progress import shown_progress

MARKED = ["[/b]", "[bold]x[/bold]", "cat[old].csv", ":smile:", "[link=file:///x]y[/link]"]
SEVERE = "a\x1b[2Jb\x1b]0;title\x07c\x9bd\re\u202ef\udcff"
HARMLESS = r"a\x1b[2Jb\x1b]0;title\x07c\x9bd\re\u202ef\udcff"


@pytest.mark.parametrize("text", [*MARKED, "Tōhoku – 95 % ± µ\tend\n", SEVERE])
def test_a_text_is_itself_unless_the_terminal_would_act_on_it(text):
    assert terminal.printable(text) == (HARMLESS if text == SEVERE else text)


@pytest.mark.parametrize("text", [*MARKED, SEVERE])
def test_tables_and_lines_show_a_text_as_it_is(text, capsys):
    wanted = HARMLESS if text == SEVERE else text
    table = Table(f"head {text}", title=f"title {text}")
    table.add_column(f"second {text}")
    table.add_row(f"cell {text}", text)
    console = terminal.console(width=200)
    console.print(table)
    console.print(f"line {text}")
    terminal.say(f"said {text}")
    shown = capsys.readouterr().out
    for word in ("head", "title", "second", "cell", "line", "said"):
        assert f"{word} {wanted}" in shown


@pytest.mark.parametrize("live", [True, False])
def test_progress_shows_a_text_as_it_is(live, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    seen = io.StringIO()
    console = terminal.console(file=seen, width=200, force_terminal=live)
    with shown_progress(console) as report:
        report({"kind": "message", "message": f"[/b] {SEVERE}"})
        report({"kind": "progress", "stage": f"[/b]{SEVERE}", "done": 1, "total": 2, "note": f"[/i]{SEVERE}"})
    for wanted in (f"[/b] {HARMLESS}", f"[/b]{HARMLESS}", f"[/i]{HARMLESS}"):
        assert wanted in seen.getvalue()
    assert "\x1b[2J" not in seen.getvalue()


def test_nothing_prints_by_another_console():
    package = Path(terrella.__file__).parent
    own = [path for path in package.rglob("*.py") if path.name != "terminal.py"]
    assert not [path for path in own if "Console(" in path.read_text()]
