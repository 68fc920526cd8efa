"""Ctrl-C and SIGTERM: end after the step at hand instead of in its middle."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether a signal has come."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember the first signal; a second Ctrl-C ends at once."""
        if self.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number


@contextmanager
def held_interruption() -> Iterator[None]:
    """Let a signal wait until what runs within has ended: compiled code breaks where a handler raises in it.

    Raises:
        KeyboardInterrupt: at the end, where one has come.
    """
    with noted_interruption() as interruption:
        yield
    if interruption.signal is not None:
        raise KeyboardInterrupt


@contextmanager
def noted_interruption() -> Iterator[Interruption]:
    """Catch the two signals within; outside the main thread Python delivers none, and nothing is caught."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.signal(number, interruption.note) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
