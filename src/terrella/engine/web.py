"""Asking a web service over HTTP, patiently: FDSN's services of events, stations and waveforms, and WebDAV."""

import gzip
import random
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from types import MappingProxyType
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from terrella import __version__
from terrella.engine.run import Report
from terrella.errors import InputError, TerrellaError

_HEADERS = {"User-Agent": f"terrella/{__version__}", "Accept-Encoding": "gzip"}
_PASSING = (408, 429, 500, 502, 503, 504)
_TOO_MANY = re.compile(r"exceed|too many|too large|maximum number|more than the limit", re.IGNORECASE)


@dataclass(frozen=True)
class Patience:
    """How often a service is asked in vain, and after what waits; each is twice the one before, ± a half."""

    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 600.0
    timeout_s: float = 180.0


PATIENCE = Patience()


def checked_address(given: str, expected: str) -> str:
    """Return the address of a service without the slash at its end.

    Raises:
        InputError: where it is none, saying what was expected; or where it holds credentials, which would go into
            messages, files and other people's logs.
    """
    if "@" in given:
        raise InputError(
            "the address of a service holds a user name or a password (what comes before @), which is neither "
            "needed nor kept; give it without"
        )
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", given):
        raise InputError(f"{given}: {expected}")
    return given.rstrip("/")


def next_wait_s(patience: Patience, attempt: int) -> float:
    """Return how long to wait after the attempt of a number from 1 on."""
    return patience.first_wait_s * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)


class TooMuchError(TerrellaError):
    """The service refuses an answer of such a size."""


class RefusedError(TerrellaError):
    """The service refuses what it was asked, and would again."""


class _PassingError(Exception):
    """Something that may have passed when the service is asked again."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


def ask(
    url: str,
    patience: Patience,
    report: Report,
    method: str = "GET",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Return the body of an answer, empty where there is nothing; ask again where what went wrong may pass.

    Raises:
        TooMuchError: where the service refuses an answer of this size.
        RefusedError: where it refuses what it was asked.
        TerrellaError: where it does not answer however often it was asked.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            return _answer(Request(url, headers={**_HEADERS, **headers}, method=method), patience.timeout_s)
        except _PassingError as error:
            wait_s = next_wait_s(patience, attempt) if error.wait_s is None else error.wait_s
            if attempt == patience.attempts or wait_s > patience.longest_wait_s:
                later = f" for another {wait_s:.0f} s" if wait_s > patience.longest_wait_s else ""
                raise TerrellaError(
                    f"{_host(url)} does not answer{later} ({error}; asked {attempt} times); what was fetched is "
                    "kept, type the same command again to go on"
                ) from error
            message = f"{_host(url)}: {error}; asking again in {wait_s:.0f} s"
            report({"kind": "message", "message": message})
            time.sleep(wait_s)
    raise ValueError(f"patience allows {patience.attempts} attempts; at least 1 was expected")


def _answer(asked: Request, timeout_s: float) -> bytes:
    try:
        with urlopen(asked, timeout=timeout_s) as response:
            body: bytes = response.read()
            packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
            return gzip.decompress(body) if packed else body
    except HTTPError as error:
        raise _refusal(error, asked.full_url) from error
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise _PassingError(f"no connection: {reason}") from error
    except TimeoutError as error:
        raise _PassingError(f"no answer within {timeout_s:g} s") from error
    except (OSError, HTTPException, EOFError, zlib.error) as error:
        raise _PassingError(f"the connection was cut: {error or type(error).__name__}") from error


def _refusal(error: HTTPError, url: str) -> Exception:
    """Return what an HTTP status means for what comes next."""
    try:
        said = error.read(2000)
    except (OSError, HTTPException):
        said = b""
    if error.code == 413 or (error.code == 400 and _TOO_MANY.search(said.decode("utf-8", "replace"))):
        return TooMuchError(f"{url} refuses an answer of this size: {shown(said)}")
    if error.code in _PASSING:
        return _PassingError(f"HTTP {error.code} {error.reason}".strip(), _retry_after(error))
    return RefusedError(f"{url} answered HTTP {error.code} {error.reason}: {shown(said)}")


def _retry_after(error: HTTPError) -> float | None:
    """Return the seconds that the service asks to wait, which it says in seconds or as a date."""
    said = error.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d*)?", said):
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _host(url: str) -> str:
    return url.split("/")[2]


def shown(answer: bytes) -> str:
    """Return the beginning of an answer for a message."""
    line = " ".join(answer[:1000].decode("utf-8", "replace").split())
    return repr(line if len(line) <= 120 else line[:117] + "...")
