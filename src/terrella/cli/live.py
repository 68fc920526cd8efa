"""`terrella live`: forecasts issued, kept and scored by themselves, on a page and by an API."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from terrella.cli.flags import shown
from terrella.errors import InputError
from terrella.live.settings import LiveSettings

if TYPE_CHECKING:
    from terrella.engine.run import Report

_EXTRA = ("sqlalchemy", "starlette", "uvicorn", "psycopg")

app = App(name="live", help="Forecasts that are issued, kept and scored by themselves, seen on a page.")

Rules = Annotated[
    LiveSettings, Parameter(name="*", group="Rules of the record, which stay as they were at its begin")
]
Store = Annotated[Path, Parameter(name=("--output", "-o"))]
Record = Annotated[Path, Parameter(help="Folder of a record.")]
Bundle = Annotated[
    str, Parameter(help="Bundle or run of `terrella forecast train`, or the name of a released one.")
]
Database = Annotated[
    str | None,
    Parameter(
        help="Address of a PostgreSQL database, such as postgresql+psycopg://host/name; SQLite in the folder "
        "without it."
    ),
]
Host = Annotated[str, Parameter(help="Address on which to answer; any but this machine's own needs a token.")]
Port = Annotated[int, Parameter(help="Port on which the page and the API answer.")]
Token = Annotated[
    Path | None,
    Parameter(help="File whose first line every request must bring as `Authorization: Bearer …`."),
]
Runs = Annotated[
    Path | None, Parameter(help="Folder of runs, such as runs, whose trainings the page shows as they go.")
]
_RULES = LiveSettings()


@app.command
def demo(
    *,
    run: Path = Path("runs/forecast/demo"),
    output: Store = Path("live/demo"),
    serve: bool = True,
    port: Port = 8765,
) -> None:
    """Replay a year of a simulated region at speed, on a page that shows it as it goes.

    Trains the forecast demo first, where it is not trained yet: about two minutes.

    Example: terrella live demo

    Parameters
    ----------
    run
        Run of `terrella forecast demo`.
    output
        Folder of the record; a replay that was stopped goes on from there.
    serve
        Show the page, until Ctrl-C.
    """
    shown(
        lambda report: _work().demo_command(run, output, port if serve else None, report),
        "" if serve else f"terrella live serve {output}",
    )


@app.command
def replay(
    catalogue: Path,
    *,
    bundle: Bundle,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    output: Store,
    database: Database = None,
    serve: bool = False,
    port: Port = 8765,
    settings: Rules = _RULES,
) -> None:
    """Run the past through the code that runs in the present: what would have been issued, and how it was scored.

    Example: terrella live replay catalogue.parquet --bundle california --from 2019-06-01 --to 2019-08-01
    -o live/ridgecrest --serve

    Parameters
    ----------
    catalogue
        Catalogue file, in any format that `terrella forecast data` reads.
    from_
        First time, in UTC.
    to
        Last time, in UTC.
    output
        Folder of the record; a replay that was stopped goes on from there.
    serve
        Show the page while it runs, and after.
    """
    following = f"terrella live serve {output}"
    shown(
        lambda report: _work().replay_command(
            catalogue, bundle, from_, to, output, database, port if serve else None, settings, report
        ),
        "" if serve else following,
    )


@app.command
def run(
    *,
    bundle: Bundle,
    output: Store,
    catalogue: Path | None = None,
    service: str | None = None,
    poll_s: float = 60.0,
    database: Database = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    token_file: Token = None,
    runs: Runs = None,
    settings: Rules = _RULES,
) -> None:
    """Follow an event service or a file, issue forecasts every day and after large events, score and show them.

    Stopped at any moment and typed again, it goes on; what was due in between is recorded as missed.

    Example: terrella live run --bundle california --service usgs -o live/california

    Parameters
    ----------
    output
        Folder of the record.
    catalogue
        File, or folder of files, that somebody else keeps up to date.
    service
        FDSN event service that is asked instead: usgs, emsc, geonet, ingv, isc, or an address.
    poll_s
        Seconds between looks at the source.
    """
    source = (catalogue, service)

    def work(report: "Report") -> None:
        commands = _work()
        page = commands.Shown(host, port, token_file, runs)
        commands.run_command(bundle, output, source, poll_s, database, page, settings, report)

    shown(work)


@app.command
def serve(
    record: Record,
    *,
    database: Database = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    token_file: Token = None,
    runs: Runs = None,
) -> None:
    """Show the page of a record and answer its API, without issuing anything.

    Example: terrella live serve live/ridgecrest
    """

    def work(report: "Report") -> None:
        commands = _work()
        commands.serve_command(record, database, commands.Shown(host, port, token_file, runs), report)

    shown(work)


@app.command
def verify(record: Record, *, database: Database = None) -> None:
    """Check that nothing of a record was changed: entries, numbers of forecasts, the events that they knew.

    Example: terrella live verify live/ridgecrest
    """
    shown(lambda report: _work().verify_command(record, database, report))


@app.command
def show(record: Record, *, database: Database = None) -> None:
    """Print the scores of a record: each model beside what happened, and beside climatology.

    Example: terrella live show live/ridgecrest
    """
    shown(lambda report: _work().show_command(record, database, report))


def _work() -> ModuleType:
    try:
        return import_module("terrella.live.commands")
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise InputError(f"terrella live needs {error.name}: pip install 'terrella[live]'") from None
