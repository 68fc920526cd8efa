"""The server of a record, on one address, until it is stopped."""

import socket
import sys
from pathlib import Path

import uvicorn

from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.live.opening import Opened
from terrella.live.web.address import Address
from terrella.live.web.app import make_app
from terrella.live.web.patience import PATIENCE_S, Patient

_AT_ONCE = 200  # connections


def serve(opened: Opened, address: Address, report: Report, runs: Path | None = None) -> None:
    """Answer until a signal comes; `runs` is a folder of trainings that are shown as well.

    Raises:
        InputError: where the port is taken.
    """
    listening = _listening(address)
    port = listening.getsockname()[1]
    host = f"[{address.host}]" if ":" in address.host else address.host
    following = "" if address.token is None else "#token=…, with the token from your file"
    report({"kind": "result", "message": f"the page: http://{host}:{port}/{following}"})
    sys.stdout.flush()  # whoever started this in the background waits for the address
    config = uvicorn.Config(
        make_app(opened, address, runs),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=int(PATIENCE_S),
        http=Patient,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=2,
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=[listening])


def _listening(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host.strip("[]"), address.port))
        listening.listen(_AT_ONCE)  # whoever asks as soon as the address is printed waits, and is not refused
    except OSError as error:
        listening.close()
        raise InputError(
            f"{address.host}:{address.port} cannot be listened on ({error.strerror}); give another --port"
        ) from None
    return listening
