"""A SeedLink server of protocol 3: records of stations by number, sent from where a client asks for them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from obspy import UTCDateTime


@dataclass(eq=False)
class SeedLinkServer:
    """The records that it holds, and what clients asked."""

    first: int = 1
    records: dict[str, list[tuple[float, bytes]]] = field(default_factory=dict)  # by NET.STA: end and bytes
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    most: int = 2**31  # packets of a connection, after which it is cut
    port: int = 0
    closing: bool = False

    def add(self, station: str, end_s: float, record: bytes) -> None:
        """Give a record the next number of its station."""
        self.records.setdefault(station, []).append((end_s, record))

    def answer(self, client: socket.socket) -> None:
        """Speak with a client until it goes, or is cut."""
        client.settimeout(0.02)
        station = ""
        place: dict[str, int] = {}
        while (line := self._line(client)) not in (None, "END"):
            self.asked.append(line)
            word, *given = line.split()
            if word == "HELLO":
                client.sendall(b"SeedLink v3.1 (test)\r\nrecords\r\n")
                continue
            if word == "STATION":
                station = f"{given[1]}.{given[0]}"
            known = station in self.records
            if word in ("DATA", "TIME") and known:
                place[station] = self._place(station, word, given)
            client.sendall(b"OK\r\n" if known else b"ERROR\r\n")
        self._send(client, place)

    def _line(self, client: socket.socket) -> str | None:
        line = b""
        while not line.endswith(b"\r"):
            try:
                byte = client.recv(1)
            except TimeoutError:
                if self.closing:
                    return None
                continue
            if not byte:
                return None
            line += byte
        return line.decode().strip()

    def _place(self, station: str, word: str, given: list[str]) -> int:
        held = self.records[station]
        if word == "TIME":
            year, month, day, hour, minute, second = map(int, given[0].split(","))
            start = UTCDateTime(year, month, day, hour, minute, second).timestamp
            return next((k for k, (end, _) in enumerate(held) if end > start), len(held))
        return (int(given[0], 16) - self.first) % 0x1000000 if given else len(held)

    def _send(self, client: socket.socket, place: dict[str, int]) -> None:
        left = self.most
        while not self.closing:
            for station, number in list(place.items()):
                for _, record in self.records[station][number:][:4]:
                    if left == 0:
                        return
                    head = f"SL{(self.first + place[station]) % 0x1000000:06X}".encode()
                    client.sendall(head + record)
                    place[station] += 1
                    self.sent += 1
                    left -= 1
            time.sleep(0.002)


@contextmanager
def serving(server: SeedLinkServer) -> Iterator[SeedLinkServer]:
    """Let a server answer on a port of this machine."""
    with socket.create_server(("127.0.0.1", server.port)) as listening:
        server.port = listening.getsockname()[1]
        listening.settimeout(0.05)

        def accept() -> None:
            while not server.closing:
                try:
                    client, _ = listening.accept()
                except TimeoutError:
                    continue
                threads.append(threading.Thread(target=speak, args=(client,)))
                threads[-1].start()

        def speak(client: socket.socket) -> None:
            with client, suppress(OSError):
                server.answer(client)

        threads: list[threading.Thread] = []
        worker = threading.Thread(target=accept)
        worker.start()
        try:
            yield server
        finally:
            server.closing = True
            for each in (worker, *threads):
                each.join()
