"""What ends connections that only hold a place: they ask nothing, or byte by byte, or do not read the answer."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 20.0
_LOOKS = 4  # in that time


class Patient(H11Protocol):
    """A connection that is ended once it has neither asked a whole question nor read on for a while."""

    def connection_made(self, transport: Any) -> None:
        """Begin to look at it."""
        super().connection_made(transport)
        self._since, self._unread = self.loop.time(), 0
        self._next = self.loop.call_later(PATIENCE_S / _LOOKS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._next.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait anew: a question was asked and answered."""
        self._since = self.loop.time()
        super().on_response_complete()

    def _look(self) -> None:
        unread = self.transport.get_write_buffer_size()
        is_answered = self.cycle is None or self.cycle.response_complete
        if unread < self._unread or not (is_answered or unread):
            self._since = self.loop.time()  # it reads, or its answer is being made
        self._unread = unread
        if self.loop.time() - self._since > PATIENCE_S:
            self.transport.abort()
        else:
            self._next = self.loop.call_later(PATIENCE_S / _LOOKS, self._look)


async def in_time(body: Any) -> bytes:
    """Return a body.

    Raises:
        TimeoutError: where it does not come.
    """
    return bytes(await asyncio.wait_for(body, PATIENCE_S))
