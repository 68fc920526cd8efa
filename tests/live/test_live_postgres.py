"""A record in PostgreSQL is the one in SQLite, to the hash; the server is started here, from the distribution."""

import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from live_cases import BUNDLE, CATALOGUE, RULES, quiet, replayed, us

from terrella.errors import InputError
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.keeping import verify
from terrella.live.opening import begin, reopen
from terrella.live.replaying import replay
from terrella.live.store import only_writer

pytest.importorskip("psycopg", reason="psycopg (extra postgres) is not installed")
TOOLS = [shutil.which(name) for name in ("initdb", "pg_ctl")]
pytestmark = pytest.mark.skipif(None in TOOLS, reason="no PostgreSQL server is installed")


@pytest.fixture
def url():
    """Address of a server of our own."""
    initdb, control = TOOLS
    options = {"user": "nobody"} if os.getuid() == 0 else {}  # the server refuses to run as root
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        if options:
            shutil.chown(folder, "nobody")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data = Path(folder) / "data"

        def run(*command):
            subprocess.run(
                command,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                **options,
            )

        run(initdb, "-D", data, "-A", "trust", "-U", "terrella", "--no-sync")
        run(
            control,
            "-D",
            data,
            "-o",
            f"-p {port} -k {folder} -c fsync=off",
            "-l",
            f"{folder}/log",
            "-w",
            "start",
        )
        try:
            yield f"postgresql+psycopg://terrella@127.0.0.1:{port}/postgres"
        finally:
            run(control, "-D", data, "-m", "immediate", "stop")


def test_both_databases_hold_the_same_record_and_let_one_process_write(url, tmp_path):
    plain = replayed(tmp_path / "plain", end="2008-06-04")
    opened = begin(tmp_path / "shared", RULES, BUNDLE, us("2008-06-01"), True, url)
    replay(opened, read_catalogue(CATALOGUE)[0], us("2008-06-04"), quiet)
    assert opened.store.records() == plain.store.records()
    assert verify(opened.store, opened.store.versions()) == []
    elsewhere = replace(reopen(tmp_path / "shared", url).store, folder=tmp_path / "another machine")
    taken = pytest.raises(InputError, match="another process writes")
    with only_writer(opened.store), taken, only_writer(elsewhere):
        pass
    opened.store.engine.dispose()
    elsewhere.engine.dispose()
