"""Text for the terminal: what comes from data is shown as it is, and tells the terminal nothing."""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

# Control characters but line ends and tabs; what turns the direction of writing; halves of characters, as in the
# names of files that are no UTF-8.
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return a text with each character that a terminal acts on as its escape, such as \x1b."""
    return _ACTIVE.sub(lambda found: ascii(found[0])[1:-1], text)


def say(line: str) -> None:
    """Print a line that may hold text from data."""
    print(printable(line))


class _Plain(Console):
    """Asked by all that rich prints for what a text means: titles and cells of tables too."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


def console(**options: Any) -> Console:
    """Return a console, with rich's options, on which text from data, its brackets and colons, is no markup."""
    return _Plain(markup=False, emoji=False, highlight=False, **options)
