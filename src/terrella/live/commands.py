"""What the commands of `terrella live` do."""

from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import numpy as np

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.files import must_exist
from terrella.forecast.windows import parse_time
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.beside import computing
from terrella.live.following import FileSource, Read, ServiceSource
from terrella.live.keeping import verify
from terrella.live.opening import Opened, begin, reopen
from terrella.live.replaying import replay
from terrella.live.running import Runner, now_us, run
from terrella.live.scoring import SCORE
from terrella.live.settings import LiveSettings
from terrella.live.store import only_writer
from terrella.live.summary import COLUMNS, summarise, table
from terrella.live.times import microseconds
from terrella.live.web.address import Address, checked_address
from terrella.live.web.serving import serve

_DEMO = ("2023-12-31", "2024-12-31")


@dataclass(frozen=True)
class Shown:
    """Where a page answers, to whom, and which folder's trainings it shows."""

    host: str
    port: int
    token_file: Path | None
    runs: Path | None

    def address(self) -> Address:
        """Return the address.

        Raises:
            InputError: where others could reach it without a token, or there is no folder of runs.
        """
        if self.runs is not None and not self.runs.is_dir():
            raise InputError(f"{self.runs}: no such folder; --runs takes the one in which runs lie")
        return checked_address(self.host, self.port, self.token_file)


def replay_command(
    catalogue: Path, bundle: str, start: str, end: str, folder: Path, url: str | None, port: int | None,
    settings: LiveSettings, report: Report,
) -> None:  # fmt: skip
    """Replay the past into a folder, shown on a page where a port is given.

    Raises:
        InputError: where times, catalogue, bundle or folder are at fault.
    """
    first, last = (microseconds(parse_time(text, name)) for text, name in ((start, "--from"), (end, "--to")))
    if not first < last:
        raise InputError(f"--from {start} must come before --to {end}")
    must_exist(catalogue, "a catalogue")
    events, findings = read_catalogue(catalogue)
    for line in findings.lines():
        report({"kind": "message", "message": line})
    opened = begin(folder, settings, bundle, first, True, url)
    _replay(opened, events, last, url, port, report)


def demo_command(run: Path, folder: Path, port: int | None, report: Report) -> None:
    """Replay a year of the forecast demo's simulated region, which is trained first where it is not yet.

    Raises:
        InputError: where the folder holds another record.
    """
    from terrella.forecast.demo import trained_demo

    events = read_catalogue(trained_demo(run, 1, report))[0]
    first, last = (microseconds(day) for day in _DEMO)
    opened = begin(folder, LiveSettings(trigger_magnitude=6.5), str(run), first, True)
    _replay(opened, events, last, None, port, report)


def _replay(
    opened: Opened, events: Catalogue, last_us: int, url: str | None, port: int | None, report: Report
) -> None:
    """Replay and print the scores; or, where a port is given, answer there while another process replays."""
    if port is None:
        replay(opened, events, last_us, report)
        _show(opened, report)
        return
    with computing(report, _replay_beside, opened.store.folder, url, events, last_us):
        serve(opened, checked_address("127.0.0.1", port, None), report)


def _replay_beside(report: Report, folder: Path, url: str | None, events: Catalogue, last_us: int) -> None:
    replay(reopen(folder, url), events, last_us, report)


def run_command(
    bundle: str, folder: Path, source: tuple[Path | None, str | None], poll_s: float, url: str | None, page: Shown,
    settings: LiveSettings, report: Report,
) -> None:  # fmt: skip
    """Follow a source and show the page until it is stopped.

    Raises:
        InputError: where bundle, source, address or folder are at fault, or another process writes the record.
    """
    address = page.address()
    read = _source(folder, bundle, source, report)
    opened = begin(folder, settings, bundle, now_us(), False, url)
    stop = Flag()
    runner = Runner(opened, read, report, url=url)
    with only_writer(opened.store):
        worker = Thread(target=run, args=(runner, poll_s, stop))
        worker.start()
        try:
            serve(opened, address, report, page.runs)
        finally:
            stop.set()
            worker.join()


def serve_command(folder: Path, url: str | None, page: Shown, report: Report) -> None:
    """Show the page of a record until it is stopped.

    Raises:
        InputError: where there is no record, or the address is at fault.
    """
    serve(reopen(folder, url), page.address(), report, page.runs)


def verify_command(folder: Path, url: str | None, report: Report) -> None:
    """Say that a record is whole.

    Raises:
        InputError: naming the first entry that is not, and how many there are.
    """
    opened = reopen(folder, url)
    faults = verify(opened.store, opened.store.versions())
    if faults:
        for fault in faults[:10]:
            report({"kind": "result", "message": fault})
        raise InputError(f"{folder}: {len(faults)} faults in the record")
    last = opened.store.records(latest=1)[0]
    message = f"{last.number:,} entries are as they were written; the last hash is {last.hash}"
    report({"kind": "result", "message": message})


def show_command(folder: Path, url: str | None, report: Report) -> None:
    """Print the scores of a record.

    Raises:
        InputError: where there is no record.
    """
    _show(reopen(folder, url), report)


def _show(opened: Opened, report: Report) -> None:
    scores = opened.store.records(SCORE)
    if not scores:
        report({"kind": "result", "message": "no window has closed yet"})
        return
    title = "windows that do not overlap; 95 % intervals by blocks of 30 days"
    report({"kind": "table", "title": title, "columns": list(COLUMNS), "rows": table(summarise(scores))})


def _source(folder: Path, bundle: str, source: tuple[Path | None, str | None], report: Report) -> Read:
    """Return what reads the events: of a file or folder, or of a service for the bundle's region."""
    from terrella.live.issuing import load_served

    path, service = source
    if (path is None) == (service is None):
        raise InputError("give --catalogue FILE or --service NAME: where the events come from")
    if path is not None:
        must_exist(path, "a catalogue, or a folder of them")
        return FileSource(path, report).read
    models = load_served(bundle).models
    longitude, latitude = np.array(models.region.corners).T
    query = {
        "service": service,
        "bounds": tuple(float(x) for x in (longitude.min(), longitude.max(), latitude.min(), latitude.max())),
        "start": str(models.epoch.astype("datetime64[D]")),
        "min_magnitude": float(models.min_magnitude),
    }
    return ServiceSource(folder / "catalogue.parquet", query, report).read
