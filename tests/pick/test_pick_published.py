"""Weights that SeisBench publishes, by name: from a cache and over real HTTP on the loopback interface."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import obspy
import pytest
import torch

from terrella.cli.main import main
from terrella.engine.web import Patience
from terrella.errors import InputError, TerrellaError
from terrella.pick.bundle import load_picker_network
from terrella.pick.data import published
from terrella.pick.data.published import weights_file
from terrella.pick.networks import architecture
from terrella.pick.networks.weights import seisbench_name

QUICK = Patience(attempts=2, first_wait_s=0.0, timeout_s=5.0)
LISTED = '<d:multistatus xmlns:d="DAV:">{}</d:multistatus>'


class WebDAV(SimpleHTTPRequestHandler):
    """A folder over HTTP, as dCache offers it: files by GET, names of files by PROPFIND."""

    def do_PROPFIND(self):
        folder = self.translate_path(self.path)
        self.server.asked.append(self.path)
        names = self.server.names(folder)
        if names is None:
            self.send_error(404)
            return
        parts = [f"<d:response><d:href>{self.path}{name}</d:href></d:response>" for name in ("", *names)]
        body = (self.server.body or LISTED.format("".join(parts))).encode()
        self.send_response(207)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a server of models/v3 with PhaseNet's weights `mine` in two versions; the cache is empty."""
    folder = tmp_path / "remote" / "phasenet"
    folder.mkdir(parents=True)
    for version, seed in ((2, 0), (10, 1)):
        write_weights(folder / f"mine.pt.v{version}", seed)
    monkeypatch.setenv("SEISBENCH_CACHE_ROOT", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "ready"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(WebDAV, directory=tmp_path / "remote"))
    server.asked, server.body = [], None
    server.names = lambda where: (
        sorted(each.name for each in folder.iterdir()) if "phasenet" in where else None
    )
    monkeypatch.setattr(published, "MODELS", f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def write_weights(path, seed):
    torch.manual_seed(seed)
    tensors = architecture("phasenet").make().state_dict()
    torch.save({seisbench_name("phasenet", name): value for name, value in tensors.items()}, path)
    described = {"model_args": {"norm": "peak", "phases": "PSN", "component_order": "ZNE"}}
    path.with_name(path.name.replace(".pt", ".json")).write_text(json.dumps(described))


def test_the_newest_version_is_downloaded_once_with_what_is_said_of_it(repository, tmp_path):
    file = weights_file("seisbench:PhaseNet/mine", patience=QUICK)
    assert file == str(tmp_path / "cache" / "models" / "v3" / "phasenet" / "mine.pt.v10")
    network, trained, _ = load_picker_network("seisbench:phasenet/mine")
    expected = torch.load(tmp_path / "remote" / "phasenet" / "mine.pt.v10", weights_only=True)
    assert torch.equal(network.entry.weight, expected["inc.weight"])
    assert trained.outputs == ("P", "S", "N")
    assert trained.normalise == "peak"
    assert repository.asked == ["/phasenet/"]


def test_what_the_cache_holds_is_not_asked_for(repository, tmp_path):
    folder = tmp_path / "cache" / "models" / "v3" / "phasenet"
    folder.mkdir(parents=True)
    write_weights(folder / "mine.pt.v1", 0)
    (folder / "mine.pt.v3").write_bytes(b"without its description")
    assert weights_file("seisbench:phasenet/mine") == str(folder / "mine.pt.v1")
    assert repository.asked == []


def test_anything_else_is_left_as_it_is():
    assert weights_file("runs/pick/mine") == "runs/pick/mine"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("seisbench:phasenet", "expected seisbench:NETWORK/NAME"),
        ("seisbench:../secret/x", "expected seisbench:NETWORK/NAME"),
        ("seisbench:phasenet/../../x", "expected seisbench:NETWORK/NAME"),
        ("seisbench:phasenet/stead", "no such weights; of phasenet there are mine"),
        ("seisbench:phasenot/stead", "no such network"),
    ],
)
def test_a_name_that_is_not_there_is_said(repository, where, message):
    with pytest.raises(InputError, match=message):
        weights_file(where, patience=QUICK)


def test_an_answer_that_is_no_list_is_said(repository):
    repository.body = "<html><br></html>"
    with pytest.raises(TerrellaError, match="no list of files"):
        weights_file("seisbench:phasenet/mine", patience=QUICK)


def test_a_record_is_picked_with_them(repository, tmp_path):
    draw = np.random.default_rng(0)
    stream = obspy.Stream()
    for letter in "ZNE":
        header = {"network": "XX", "station": "ONE", "channel": f"HH{letter}", "sampling_rate": 100.0}
        stream += obspy.Trace(draw.integers(-999, 999, 9000).astype(np.int32), header)
    stream.write(str(tmp_path / "record.mseed"), format="MSEED", encoding="STEIM2")
    for folder in ("first", "again"):
        out = tmp_path / folder
        words = ["run", str(tmp_path / "record.mseed"), "--bundle", "seisbench:phasenet/mine", "-o", str(out)]
        with pytest.raises(SystemExit, match="0"):
            main(["pick", *words])
        assert "seisbench:phasenet/mine" in (out / "picks.csv").read_text()
    assert (tmp_path / "first" / "picks.csv").read_text() == (tmp_path / "again" / "picks.csv").read_text()
    assert repository.asked == ["/phasenet/"]
