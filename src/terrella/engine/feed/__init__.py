"""Turn files and event lists into batches, a whole batch at a time."""

from terrella.engine.feed.order import Feed
from terrella.engine.feed.placement import Held, preloaded, resident
from terrella.engine.feed.source import Batch, Changing, Source

__all__ = ["Batch", "Changing", "Feed", "Held", "Source", "preloaded", "resident"]
