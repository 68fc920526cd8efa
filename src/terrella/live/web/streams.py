"""What is told as it comes, as server-sent events: new entries of a record, and runs that go on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from terrella.live.store import Store
from terrella.live.web.runs import Runs

_BETWEEN_S = 1.0
_STILL = ": still here\n\n"

Endpoint = Callable[[Request], Awaitable[Response]]


def entries_stream(store: Store) -> Endpoint:
    """Return what tells the number of the last entry, now and whenever there is a new one."""

    async def told(request: Request) -> AsyncIterator[str]:
        last = None
        while not await request.is_disconnected():
            number = await run_in_threadpool(store.last_number)
            yield _event({"number": number}) if number != last else _STILL
            last = number
            await asyncio.sleep(_BETWEEN_S)

    return _streamed(told)


def runs_stream(runs: Runs | None) -> Endpoint:
    """Return what tells of all runs, and then of each that has changed."""

    async def told(request: Request) -> AsyncIterator[str]:
        known: dict[str, Any] = {}
        while not await request.is_disconnected():
            changed, known = ([], known) if runs is None else await run_in_threadpool(runs.look, known)
            yield _event({"runs": changed}) if changed else _STILL
            await asyncio.sleep(_BETWEEN_S)

    return _streamed(told)


def _streamed(told: Callable[[Request], AsyncIterator[str]]) -> Endpoint:
    async def stream(request: Request) -> Response:
        return StreamingResponse(
            told(request), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    return stream


def _event(values: dict[str, Any]) -> str:
    return f"data: {json.dumps(values, allow_nan=False)}\n\n"
