"""Turn files and event lists into batches, a whole batch at a time."""

from terrella.engine.feed.order import Feed
from terrella.engine.feed.placement import Held, preloaded, resident
from terrella.engine.feed.source import Batch, Changing, Chunked, Source, Streaming
from terrella.engine.feed.stored import Stored
from terrella.engine.feed.streamed import Streamed, streamed

__all__ = [
    "Batch",
    "Changing",
    "Chunked",
    "Feed",
    "Held",
    "Source",
    "Stored",
    "Streamed",
    "Streaming",
    "preloaded",
    "resident",
    "streamed",
]
