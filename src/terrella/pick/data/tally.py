"""What was found on the way: each kind of oddity with its number and the first of its traces."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from terrella.errors import InputError

_SHOWN = 3


class Tally:
    """Counts oddities by kind and names the first of each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def add(self, what: str, names: Iterable[str]) -> None:
        """Count one oddity per name; `what` goes on from the number, as in "picks outside their trace"."""
        count, first = self._found.get(what, (0, []))
        for name in names:
            count += 1
            if len(first) < _SHOWN:
                first.append(" ".join(name.split()))  # a name may hold a line's end
        if count:
            self._found[what] = (count, first)

    def note(self, line: str) -> None:
        """Keep a line that counts nothing."""
        self._found[line] = (0, [])

    def lines(self) -> list[str]:
        """Return a line per kind."""
        return [
            f"{count:,} {what}: {'; '.join(first)}{'; ...' if count > len(first) else ''}" if count else what
            for what, (count, first) in self._found.items()
        ]

    @contextmanager
    def told_with_errors(self) -> Iterator[None]:
        """Let an error say what was found before it: often its cause."""
        try:
            yield
        except InputError as error:
            raise InputError("; ".join([str(error), *self.lines()])) from error
