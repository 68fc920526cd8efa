"""Downloading a data set: files go on where they were cut, and are compared with the server's checksums."""

import base64
import re
import ssl
import time
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from terrella import __version__
from terrella.engine.run import Report
from terrella.engine.web import Patience, checked_address, next_wait_s
from terrella.errors import InputError, TerrellaError
from terrella.files import write_text

REPOSITORY = "https://hifis-storage.desy.de/Helmholtz/HelmholtzAI/SeisBench/datasets"
_PIECE = 1 << 20
# Of what urllib raises; a full disk is another OSError.
_NETWORK = (HTTPException, URLError, ConnectionError, TimeoutError, ssl.SSLError)
_PASSING = (408, 425, 429, 500, 502, 503, 504)
# What RFC 3230 calls them, the strongest first; dCache, which holds the repository, knows MD5 and Adler-32.
_WANTED = ("sha-256", "md5", "adler32")


# An attempt that brings a byte is none in vain.
PATIENCE = Patience(first_wait_s=2.0, timeout_s=60.0)


@dataclass(frozen=True)
class Offer:
    """What a server says of a file: its size, its state, and a checksum, in hexadecimal digits."""

    size: int | None
    tag: str | None
    algorithm: str | None = None
    checksum: str | None = None


class AbsentError(InputError):
    """The server has no such file."""


def download_data_set(url: str, folder: Path, report: Report, patience: Patience = PATIENCE) -> None:
    """Download the files of a SeisBench data set that are not in the folder yet, the metadata of each chunk last.

    Raises:
        InputError: where there is no such data set.
        TerrellaError: where the server gives up, or sends other bytes than its checksum says; what was fetched
            stays, and the same call goes on.
    """
    url = checked_address(url, "no address of a repository; http:// or https:// were expected")
    chunks = [""]
    try:
        listed = folder / "chunks"
        if not listed.is_file():
            fetch(f"{url}/chunks", listed, report, patience)
        chunks = listed.read_text(encoding="utf-8").split() or [""]
    except AbsentError:
        pass
    for chunk in chunks:
        for file in (f"waveforms{chunk}.hdf5", f"metadata{chunk}.csv"):
            if not (folder / file).is_file():
                fetch(f"{url}/{file}", folder / file, report, patience)


def fetch(
    url: str, path: Path, report: Report, patience: Patience = PATIENCE, checksum: str | None = None
) -> None:
    """Download one file under pooch's eyes; `checksum` is such as "sha256:…", else the server's own is taken.

    Until it is whole it is called `path`.partial; so does SeisBench, which then leaves it alone.

    Raises:
        AbsentError: where the server has no such file.
        TerrellaError: as `download_data_set`.
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")
    offer = _offered(url, patience, report)
    if checksum is None and offer.algorithm in ("sha256", "md5"):
        checksum = f"{offer.algorithm}:{offer.checksum}"
    partial = path.with_name(f"{path.name}.partial")

    def resume(url: str, output_file: str, pooch: Any) -> None:
        _resumed(url, partial, offer, report, patience)
        if offer.algorithm == "adler32" and (found := _adler32(partial)) != offer.checksum:
            raise ValueError(f"Adler-32 {found} does not match {offer.checksum}")
        partial.replace(output_file)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(url, checksum, path.name, path.parent, downloader=resume)
    except ValueError as error:
        partial.unlink(missing_ok=True)
        partial.with_name(f"{partial.name}.tag").unlink(missing_ok=True)
        raise TerrellaError(
            f"{url}: what arrived does not match its checksum ({checksum or offer.checksum}); type the command "
            "again to fetch it anew"
        ) from error
    except OSError as error:
        raise TerrellaError(f"{path} could not be written ({error.strerror or error})") from error
    if checksum is None and offer.algorithm is None:
        report(
            {
                "kind": "message",
                "message": f"{path.name}: the server offers no checksum; only its size is checked",
            }
        )


def _resumed(url: str, partial: Path, offer: Offer, report: Report, patience: Patience) -> None:
    """Download into `partial` what it lacks, asking again as long as bytes arrive or patience lasts."""
    tag = partial.with_name(f"{partial.name}.tag")
    known = tag.read_text(encoding="utf-8") if tag.is_file() else None
    if partial.exists() and (known is None or known != (offer.tag or "")):
        partial.unlink()  # of another state of the file, or of another program
    partial.touch()
    write_text(tag, offer.tag or "")
    done = partial.stat().st_size
    if offer.size is not None and done > offer.size:
        partial.write_bytes(b"")
        done = 0
    in_vain = 0
    while offer.size is None or done < offer.size:
        before = done
        try:
            _append(url, partial, done, offer, report, patience.timeout_s)
            if offer.size is None or partial.stat().st_size == offer.size:
                break
            raise HTTPException("the connection was cut")
        except _NETWORK as error:
            if not _passing(error):
                raise _refused(url, error) from error
            done = partial.stat().st_size
            in_vain = 0 if done > before else in_vain + 1
            _wait(url, error, in_vain, patience, report)
            if offer.size is None:
                partial.write_bytes(b"")
                done = 0
    tag.unlink()


def _append(url: str, partial: Path, done: int, offer: Offer, report: Report, timeout_s: float) -> None:
    headers = {"User-Agent": f"terrella/{__version__}", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
        if offer.tag is not None and not offer.tag.startswith("W/"):
            headers["If-Range"] = offer.tag
    with urlopen(Request(url, headers=headers), timeout=timeout_s) as answer:
        # A server without ranges, or with another state of the file, begins anew.
        goes_on = answer.status == 206 and str(answer.headers.get("Content-Range", "")).startswith(
            f"bytes {done}-"
        )
        name = partial.name.removesuffix(".partial")
        with partial.open("ab" if goes_on else "wb") as file:
            done = done if goes_on else 0
            while piece := answer.read(_PIECE):
                file.write(piece)
                done += len(piece)
                total = offer.size or done
                note = f"{done / 1e9:.2f} of {total / 1e9:.2f} GB"
                report(
                    {
                        "kind": "progress",
                        "stage": f"downloading {name}",
                        "done": done,
                        "total": total,
                        "note": note,
                    }
                )


def _offered(url: str, patience: Patience, report: Report) -> Offer:
    """Return what the server says of a file without sending it."""
    headers = {
        "User-Agent": f"terrella/{__version__}",
        "Want-Digest": ", ".join(f"{name};q={1 - i / 10:g}" for i, name in enumerate(_WANTED)),
        "Accept-Encoding": "identity",
    }
    for attempt in range(1, patience.attempts + 1):
        try:
            with urlopen(Request(url, headers=headers, method="HEAD"), timeout=patience.timeout_s) as answer:
                size = answer.headers.get("Content-Length")
                tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
                return Offer(
                    int(size) if size else None, tag, *_digest(answer.headers.get_all("Digest") or [])
                )
        except _NETWORK as error:
            if not _passing(error):
                raise _refused(url, error) from error
            _wait(url, error, attempt, patience, report)
    raise ValueError("patience allows no attempt")


def _digest(headers: list[str]) -> tuple[str | None, str | None]:
    """Return the strongest digest as hashlib's name and hexadecimal digits."""
    found = dict(re.findall(r"([\w-]+)=([^,\s]+)", ",".join(headers)))
    found = {name.lower(): value for name, value in found.items()}
    for name in _WANTED:
        if name in found:
            hexadecimal = re.fullmatch(
                r"[0-9a-fA-F]{8}" if name == "adler32" else r"[0-9a-fA-F]{32,}", found[name]
            )
            try:
                value = found[name] if hexadecimal else base64.b64decode(found[name], validate=True).hex()
            except ValueError:
                continue
            return name.replace("-", ""), value.lower()
    return None, None


def _adler32(path: Path) -> str:
    value = 1
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            value = zlib.adler32(piece, value)
    return f"{value:08x}"


def _passing(error: Exception) -> bool:
    return not isinstance(error, HTTPError) or error.code in _PASSING


def _refused(url: str, error: Exception) -> TerrellaError:
    if isinstance(error, HTTPError) and error.code in (404, 410):
        return AbsentError(f"{url}: no such file; give the address of a repository of SeisBench data sets")
    return TerrellaError(f"{url} answered {error}; nothing else was tried")


def _wait(url: str, error: Exception, attempt: int, patience: Patience, report: Report) -> None:
    """Wait before the next attempt, or give up where this was the last."""
    reason = getattr(error, "reason", None) or error
    if attempt >= patience.attempts:
        raise TerrellaError(
            f"{url} does not answer ({reason}; asked {attempt} times in a row); what was fetched is kept, type the "
            "same command again to go on"
        ) from error
    wait_s = next_wait_s(patience, max(attempt, 1))
    report({"kind": "message", "message": f"{url}: {reason}; asking again in {wait_s:.0f} s"})
    time.sleep(wait_s)
