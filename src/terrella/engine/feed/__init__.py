"""Turn files and event lists into batches, a whole batch at a time."""

from terrella.engine.feed.order import Feed
from terrella.engine.feed.source import Batch, Changing, Chunked, Held, Source, Streaming
from terrella.engine.feed.streamed import Streamed

__all__ = ["Batch", "Changing", "Chunked", "Feed", "Held", "Source", "Streamed", "Streaming"]
