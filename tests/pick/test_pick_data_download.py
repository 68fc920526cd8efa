"""Finding and downloading data sets, over real HTTP on the loopback interface."""

import base64
import hashlib
import threading
import warnings
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from terrella.engine.web import Patience
from terrella.errors import InputError, TerrellaError
from terrella.formats.waveforms.seisbench import read_data_set
from terrella.formats.waveforms.seisbench_write import write_data_set
from terrella.pick.data.cards import CARDS, card_lines, find_card
from terrella.pick.data.download import AbsentError, fetch
from terrella.pick.data.locate import cache_folder, locate

QUICK = Patience(attempts=3, first_wait_s=0.0, timeout_s=5.0)


class Repository:
    """Files over HTTP with ranges and digests, and the ways in which servers misbehave."""

    def __init__(self):
        self.files = {}
        self.asked = []  # (method, path, range)
        self.cuts = []  # how many bytes of the next answers are sent before the connection is cut
        self.refusals = []  # status of the next answers
        self.ranges = True
        self.digests = ("md5",)
        self.tag = '"1"'
        repository = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                repository.asked.append((self.command, self.path, self.headers.get("Range")))
                content = repository.files.get(self.path)
                if repository.refusals and body:
                    self.send_plain(repository.refusals.pop(0))
                    return
                if content is None:
                    self.send_plain(404)
                    return
                first = 0
                asked = self.headers.get("Range")
                if (
                    body
                    and asked
                    and repository.ranges
                    and self.headers.get("If-Range") in (None, repository.tag)
                ):
                    first = int(asked.removeprefix("bytes=").removesuffix("-"))
                self.send_response(206 if first else 200)
                if first:
                    self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - first))
                self.send_header("ETag", repository.tag)
                if repository.digests and "Want-Digest" in self.headers:
                    self.send_header("Digest", ",".join(digest(name, content) for name in repository.digests))
                self.end_headers()
                if body:
                    cut = repository.cuts.pop(0) if repository.cuts else None
                    self.wfile.write(content[first:] if cut is None else content[first : first + cut])
                    if cut is not None:
                        self.close_connection = True

            def send_plain(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def gets(self, path):
        return [asked for method, file, asked in self.asked if (method, file) == ("GET", path)]


def digest(name, content):
    if name == "adler32":
        return f"adler32={zlib.adler32(content):08x}"
    if name == "wrong":
        return f"md5={base64.b64encode(b'0' * 16).decode()}"
    return f"{name}={base64.b64encode(hashlib.new(name.replace('-', ''), content).digest()).decode()}"


@pytest.fixture
def repository():
    repository = Repository()
    thread = threading.Thread(target=repository.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield repository
    repository.server.shutdown()
    thread.join()
    repository.server.server_close()


@pytest.fixture
def big(repository):
    """A file that takes several pieces."""
    repository.files["/big"] = np.random.default_rng(1).bytes(3_000_000)
    return repository


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEISBENCH_CACHE_ROOT", str(tmp_path / "cache"))
    return tmp_path / "cache" / "datasets"


def silent(event):
    pass


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fetched(repository, folder, events=None, patience=QUICK, **options):
    report = events.append if events is not None else silent
    fetch(f"{repository.url}/big", folder / "big", report, patience, **options)
    return (folder / "big").read_bytes()


@pytest.mark.parametrize("digests", [("sha-256",), ("md5",), ("adler32",), ("adler32", "md5"), ()])
def test_a_file_arrives_whole(big, tmp_path, digests):
    big.digests = digests
    events = []
    assert fetched(big, tmp_path, events) == big.files["/big"]
    assert names(tmp_path) == ["big"]
    assert events[-1 if digests else -2]["done"] == 3_000_000
    assert any("no checksum" in event.get("message", "") for event in events) == (not digests)


def test_a_connection_that_is_cut_goes_on_where_it_was(big, tmp_path):
    big.cuts = [1_000_000, 1_500_000]
    events = []
    assert fetched(big, tmp_path, events) == big.files["/big"]
    assert big.gets("/big") == [None, "bytes=1000000-", "bytes=2500000-"]
    assert sum("asking again" in event.get("message", "") for event in events) == 2


def test_without_ranges_it_begins_anew(big, tmp_path):
    big.ranges = False
    big.cuts = [1_000_000]
    assert fetched(big, tmp_path) == big.files["/big"]


def test_what_was_fetched_outlives_the_process(big, tmp_path):
    big.cuts = [2_000_000, 0, 0, 0]
    with pytest.raises(TerrellaError, match=r"asked 3 times in a row.*type the same command again"):
        fetched(big, tmp_path)
    assert names(tmp_path) == ["big.partial", "big.partial.tag"]
    big.cuts, big.asked = [], []
    assert fetched(big, tmp_path) == big.files["/big"]
    assert big.gets("/big") == ["bytes=2000000-"]
    assert names(tmp_path) == ["big"]


def test_a_file_that_changed_in_between_is_fetched_anew(big, tmp_path):
    big.cuts = [2_000_000, 0, 0, 0]
    with pytest.raises(TerrellaError):
        fetched(big, tmp_path)
    big.cuts, big.tag, big.files["/big"] = [], '"2"', np.random.default_rng(2).bytes(2_500_000)
    assert fetched(big, tmp_path) == big.files["/big"]


def test_a_wrong_checksum_leaves_nothing(big, tmp_path):
    big.digests = ("wrong",)
    with pytest.raises(TerrellaError, match="does not match its checksum") as caught:
        fetched(big, tmp_path)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []
    big.digests = ("md5",)
    with pytest.raises(TerrellaError, match="does not match its checksum"):
        fetched(big, tmp_path, checksum="sha256:" + "0" * 64)
    whole = hashlib.sha256(big.files["/big"]).hexdigest()
    assert fetched(big, tmp_path, checksum=f"sha256:{whole}") == big.files["/big"]


def test_bytes_damaged_on_the_disk_in_between_are_found(big, tmp_path):
    big.digests = ("adler32",)
    big.cuts = [2_000_000, 0, 0, 0]
    with pytest.raises(TerrellaError):
        fetched(big, tmp_path)
    with (tmp_path / "big.partial").open("r+b") as file:
        file.seek(1000)
        file.write(b"damaged")
    big.cuts = []
    with pytest.raises(TerrellaError, match="does not match its checksum"):
        fetched(big, tmp_path)
    assert fetched(big, tmp_path) == big.files["/big"]


def test_a_busy_server_is_asked_again_and_a_refusal_is_not(big, tmp_path):
    big.refusals = [503, 429]
    assert fetched(big, tmp_path) == big.files["/big"]
    (tmp_path / "big").unlink()
    big.refusals, big.asked = [403, 403], []
    with pytest.raises(TerrellaError, match="403"):
        fetched(big, tmp_path)
    assert len(big.gets("/big")) == 1
    with pytest.raises(AbsentError, match="no such file"):
        fetch(f"{big.url}/other", tmp_path / "other", silent, QUICK)


def test_nobody_there(tmp_path):
    with pytest.raises(TerrellaError, match="does not answer"):
        fetch("http://127.0.0.1:9/x", tmp_path / "x", silent, QUICK)
    assert names(tmp_path) == []


def offered(repository, name, folder, chunks=("",)):
    """Put a data set into the repository."""
    for seed, chunk in enumerate(chunks):
        samples = np.random.default_rng(seed).normal(size=(3, 40)).astype(np.float32)
        about = {"split": "train"}
        write_data_set(
            folder, [(about, samples)] * 2, {"component_order": "ZNE", "sampling_rate": 100.0}, chunk
        )
    for path in folder.iterdir():
        repository.files[f"/{name}/{path.name}"] = path.read_bytes()


def test_a_data_set_by_name_lands_in_the_cache_once(repository, cache, tmp_path):
    offered(repository, "iquique", tmp_path / "there")
    with pytest.raises(InputError, match="downloads it"):
        locate("Iquique", download=False)
    (folder,) = locate("Iquique", silent, repository=repository.url + "/", patience=QUICK)
    assert folder == cache / "iquique" == cache_folder() / "iquique"
    assert len(read_data_set(folder)) == 2
    repository.asked.clear()
    assert locate("iquique", silent, repository=repository.url) == (folder,)
    assert repository.asked == []


def test_chunks_and_the_two_parts_of_instance(repository, cache, tmp_path):
    offered(repository, "instancecounts", tmp_path / "counts", ("_1", "_2"))
    offered(repository, "instancenoise", tmp_path / "noise")
    folders = locate("INSTANCE", silent, repository=repository.url, patience=QUICK)
    assert [len(read_data_set(folder)) for folder in folders] == [4, 2]
    # A chunk that is missing is fetched, the others stay.
    (folders[0] / "metadata_2.csv").unlink()
    repository.asked.clear()
    locate("INSTANCE", silent, repository=repository.url, patience=QUICK)
    assert [path for method, path, _ in repository.asked if method == "GET"] == [
        "/instancecounts/metadata_2.csv"
    ]


@pytest.mark.filterwarnings("ignore")
def test_seisbench_opens_what_was_downloaded(repository, cache, tmp_path):
    pytest.importorskip("seisbench", reason="SeisBench is a peer in tests alone")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import seisbench.data
    offered(repository, "iquique", tmp_path / "there")
    (folder,) = locate("Iquique", silent, repository=repository.url, patience=QUICK)
    assert len(seisbench.data.WaveformDataset(folder, component_order="ZNE")) == 2


def test_paths_go_before_names(cache, tmp_path, repository):
    offered(repository, "mine", tmp_path / "mine")
    assert locate(str(tmp_path / "mine")) == (tmp_path / "mine",)
    assert locate(str(tmp_path / "mine" / "metadata.csv")) == (tmp_path / "mine",)
    offered(repository, "mine", cache / "mine")
    assert locate("Mine") == (cache / "mine",)
    with pytest.raises(InputError, match="neither a folder nor one of the data sets ETHZ"):
        locate("nowhere")
    with pytest.raises(InputError, match="no address of a repository"):
        locate("STEAD", repository=str(tmp_path))


def test_the_cards():
    assert set(CARDS) == {"ethz", "instance", "iquique", "lendb", "scedc", "stead", "geofon", "neic"}
    assert find_card("NEIC").tasks == (2, 3)
    assert find_card("LenDB").tasks == (1,)
    assert all(card.tasks == (1, 2, 3) for card in CARDS.values() if card.name not in ("NEIC", "LenDB"))
    assert len(card_lines()) == 8
    assert all(
        "\n" not in line and "doi:" in card.citation
        for line, card in zip(card_lines(), CARDS.values(), strict=True)
    )
