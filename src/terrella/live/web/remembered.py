"""Answers that are given again as they were: made once for all who ask, until something is added to the record."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock

from starlette.responses import Response

_MOST_BYTES = 16_000_000
_LONGEST = 4_000_000
_OVERHEAD = 2_000  # bytes of an answer beside its body
_LOCKS = 16


@dataclass(eq=False)
class Remembered:
    """Answers by question, each with a mark of what it was made from."""

    _held: OrderedDict[str, tuple[Hashable, Response]] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)
    _making: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(_LOCKS)))

    def answer(self, question: str, mark: Hashable, make: Callable[[], Response]) -> Response:
        """Return the answer to a question: made, by one for all who wait for it, where none has this mark."""
        if (held := self._find(question, mark)) is not None:
            return held
        with self._making[hash(question) % _LOCKS]:
            if (held := self._find(question, mark)) is not None:
                return held
            made = make()
            body = getattr(made, "body", None)  # a file has none
            if made.status_code == 200 and body is not None and len(body) <= _LONGEST:
                made.headers["etag"] = f'"{sha256(body).hexdigest()[:32]}"'
                self._keep(question, mark, made)
            return made

    def _find(self, question: str, mark: Hashable) -> Response | None:
        with self._lock:
            before, held = self._held.get(question, (None, None))
            if held is None or before != mark:
                return None
            self._held.move_to_end(question)
            return held

    def _keep(self, question: str, mark: Hashable, made: Response) -> None:
        with self._lock:
            self._drop(question)
            self._held[question] = mark, made
            self._bytes += len(made.body) + _OVERHEAD
            while self._bytes > _MOST_BYTES:
                self._drop(next(iter(self._held)))

    def _drop(self, question: str) -> None:
        _, held = self._held.pop(question, (None, None))
        if held is not None:
            self._bytes -= len(held.body) + _OVERHEAD
