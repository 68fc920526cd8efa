"""What guards the API: tokens, the size of what is asked, and how often; and the headers of every answer."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from starlette.responses import JSONResponse

from terrella.live.web.address import Address

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_QUERY, MOST_BODY = 2_000, 64_000  # bytes
_PER_SECOND, _AT_ONCE = 400.0, 800.0  # requests of one address
_ADDRESSES = 10_000  # that are remembered
_HEADERS = [
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data: blob:; style-src 'self'; "
     b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]  # fmt: skip


@dataclass(eq=False)
class Guard:
    """An application, behind what is refused before it is asked; pages and their parts hold nothing secret."""

    app: App
    address: Address
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is not None:
            await JSONResponse({"error": refused[1]}, refused[0])(scope, receive, _marked(send))
            return
        await self.app(scope, _bounded(receive), _marked(send))

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        if len(scope["query_string"]) > MOST_QUERY:
            return 414, f"the query is longer than {MOST_QUERY} characters"
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return 413, f"the body is longer than {MOST_BODY} bytes"
        client = scope.get("client")
        if not self._in_time(client[0] if client else ""):
            return 429, "too many requests; wait a second"
        secret = scope["path"].startswith(("/api", "/metrics"))
        given = headers.get(b"authorization", b"").decode("latin-1")
        if secret and not self.address.lets_in(given):
            return 401, "a token is needed: send Authorization: Bearer and the token"
        return None

    def _in_time(self, client: str) -> bool:
        now = monotonic()
        left, since = self._left.pop(client, (_AT_ONCE, now))
        left = min(_AT_ONCE, left + (now - since) * _PER_SECOND) - 1
        self._left[client] = max(left, -1.0), now
        if len(self._left) > _ADDRESSES:
            self._left.popitem(last=False)
        return left >= 0


class TooLargeError(Exception):
    """A body goes on beyond what its length said, or without saying any."""


def _bounded(receive: Receive) -> Receive:
    read = 0

    async def bounded() -> MutableMapping[str, Any]:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BODY:
            raise TooLargeError
        return message

    return bounded


def _marked(send: Send) -> Send:
    async def marked(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_HEADERS]
        await send(message)

    return marked
