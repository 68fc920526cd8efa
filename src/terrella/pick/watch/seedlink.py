"""Records of a SeedLink server (protocol 3), written to an SDS archive as they come, and not lost by a restart.

A record is written before its sequence number is noted, so that after a kill some come twice, which changes no
pick, and none is skipped. What the server itself no longer holds cannot be asked for.
"""

import json
import logging
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from time import monotonic
from typing import Any

from terrella.errors import InputError, TerrellaError
from terrella.files import write_json

PREFIX = "seedlink://"
ARCHIVE, NOTED = "archive", "seedlink.json"  # in the folder of a watch
_PORT = 18000
_RECORD = 512  # bytes, of each packet of the protocol
_LAST = 0xFFFFFF  # sequence numbers have six hexadecimal digits
_CHANNELS = "???.D"  # all that are data
_QUIET_S, _AGAIN_S = 60, 5  # without a packet, after which it connects anew; and between attempts
_NOTE_S = 10.0
_LINES = 100


@dataclass(eq=False)
class Receiving:
    """A server that is followed, and what it said of its faults."""

    address: str
    stations: Sequence[str]
    archive: Path
    noted: Path
    start_ns: int | None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    _numbers: dict[str, int] = field(
        default_factory=dict
    )  # of the last record of each station that was written
    _written: set[Path] = field(default_factory=set)
    _noted_s: float = 0.0
    _connection: Any = None
    _stop: Flag = field(default_factory=Flag)

    def lines(self) -> Iterator[str]:
        """Yield what was said since the last time."""
        while self.said:
            yield self.said.popleft()

    def receive(self) -> None:
        """Write what comes, and connect again after faults, until it is stopped."""
        before = ""
        while not self._stop.is_set():
            try:
                self._connection = self._connected()
                while hasattr(packet := self._connection.collect(), "get_sequence_number"):
                    self._take(packet)
                    before = ""
                line = f"the server ended the connection, or sent nothing for {_QUIET_S} s"
            except Exception as error:  # ObsPy raises what an answer that is none makes it raise
                line = str(error) or type(error).__name__
            if line != before and not self._stop.is_set():
                self.said.append(f"{self.address}: {line}; tried again")
            before = line
            with suppress(Exception):
                self._connection.disconnect()
            self._stop.wait(_AGAIN_S)

    def stop(self) -> None:
        """End `receive`."""
        self._stop.set()
        if (connection := self._connection) is not None:
            connection.terminate()
            with suppress(AttributeError, OSError):
                connection.socket.shutdown(2)  # it may wait for a packet

    def note(self) -> None:
        """Note the numbers of what was written, once it is on the disk."""
        for path in self._written:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        self._written.clear()
        write_json(self.noted, self._numbers)

    def recall(self) -> None:
        """Go on after the numbers that were noted.

        Raises:
            InputError: where they cannot be read.
        """
        if not self.noted.is_file():
            return
        try:
            values = json.loads(self.noted.read_bytes())
            self._numbers = {str(station): int(number) for station, number in values.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            raise InputError(
                f"{self.noted}: damaged; delete it to go on with what the server sends next"
            ) from None

    def _connected(self) -> Any:
        """Return a connection that is made by the first packet that is collected."""
        from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection

        connection = SeedLinkConnection(timeout=_QUIET_S)
        connection.set_sl_address(self.address)
        connection.set_net_timeout(_QUIET_S)
        connection.set_net_delay(_AGAIN_S)
        if self.start_ns is not None:
            start = datetime.fromtimestamp(self.start_ns // 10**9, UTC)
            connection.set_begin_time(start.strftime("%Y,%m,%d,%H,%M,%S"))  # of stations without a number
        for name in self.stations:
            number = self._numbers.get(name, -1)
            # It asks for the next one; after the last of all numbers that would be none, so one comes twice.
            connection.add_stream(*name.split("."), _CHANNELS, min(number, _LAST - 1), None)
        return connection

    def _take(self, packet: Any) -> None:
        stats = packet.get_trace().stats
        day = f"{stats.starttime.year}.{stats.starttime.julday:03d}"
        name = f"{stats.network}.{stats.station}.{stats.location}.{stats.channel}.D.{day}"
        if not re.fullmatch(r"[A-Za-z0-9-]+\.[A-Za-z0-9-]+\.[A-Za-z0-9-]*\.[A-Za-z0-9-]+\.D\.\d+\.\d+", name):
            raise TerrellaError(f"a record with the codes {name!r}")
        folder = (
            self.archive / str(stats.starttime.year) / stats.network / stats.station / f"{stats.channel}.D"
        )
        folder.mkdir(parents=True, exist_ok=True)
        _append(folder / name, bytes(packet.msrecord))
        self._written.add(folder / name)
        self._numbers[f"{stats.network}.{stats.station}"] = packet.get_sequence_number()
        if monotonic() - self._noted_s > _NOTE_S:
            self.note()
            self._noted_s = monotonic()


def address_of(where: str) -> str | None:
    """Return host:port of a server that is named as seedlink://host:port, or None where it is a folder.

    Raises:
        InputError: where it begins so, and goes on otherwise.
    """
    if not where.startswith(PREFIX):
        return None
    found = re.fullmatch(r"([A-Za-z0-9._-]+)(?::(\d{1,5}))?/?", where.removeprefix(PREFIX))
    if found is None:
        raise InputError(f"{where}: {PREFIX}HOST or {PREFIX}HOST:PORT was expected")
    return f"{found[1]}:{found[2] or _PORT}"


@contextmanager
def received(
    address: str, stations: Sequence[str], output: Path, start_ns: int | None
) -> Iterator[Receiving]:
    """Write records of a server to an archive in a folder while the context lasts.

    Raises:
        InputError: where stations are not named one by one, or what was noted is damaged.
    """
    if not stations or not all(
        re.fullmatch(r"[A-Za-z0-9]{1,2}\.[A-Za-z0-9]{1,5}", each) for each in stations
    ):
        raise InputError(
            "a SeedLink server is asked station by station: give --stations NET.STA, one or more"
        )
    archive = output / ARCHIVE
    archive.mkdir(parents=True, exist_ok=True)
    receiving = Receiving(address, stations, archive, output / NOTED, start_ns)
    receiving.recall()
    worker = Thread(target=receiving.receive, daemon=True)
    with _heard(receiving):
        worker.start()
        try:
            yield receiving
        finally:
            receiving.stop()
            worker.join(_QUIET_S)
            if not worker.is_alive():
                receiving.note()


@contextmanager
def _heard(receiving: Receiving) -> Iterator[None]:
    """Keep the errors of ObsPy's client among what is said, and off the terminal."""

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not receiving._stop.is_set():
                receiving.said.append(f"{receiving.address}: {record.getMessage()}")

    logger, handler = logging.getLogger("obspy.clients.seedlink"), Kept(logging.ERROR)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def _append(path: Path, record: bytes) -> None:
    """Write a record at the end of a file, after the last whole one: a kill or a full disk may have cut one."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        size = os.fstat(file).st_size
        os.lseek(file, size - size % _RECORD, os.SEEK_SET)
        if os.write(file, record) != len(record):
            raise OSError(f"{path.name}: no space left on the disk")
    finally:
        os.close(file)
