"""The encoding of a text: UTF-8, or named where it is another."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from terrella.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# UTF-8 that was read as Windows-1252 or Latin-1 and written again: a lead byte as a letter, then what follows it.
_FOLLOWING = re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")) + "\u0080-\u009f"
_TWICE = re.compile(f"[ÂÃÐÑ][{_FOLLOWING}]|â€")
_WESTERN = 0.3  # share of letters beyond ASCII, in texts of Latin letters at most


@dataclass(frozen=True)
class Decoded:
    """A file's text, and what was found in it."""

    text: str
    findings: tuple[str, ...] = ()


def read_text(path: Path, encoding: str | None = None) -> Decoded:
    """Return a file's text: UTF-8, or what a byte-order mark or the caller says.

    Raises:
        InputError: where the bytes are of another encoding, which is named where it can be told.
    """
    content = path.read_bytes()
    if not content.strip():
        raise InputError(f"{path} is empty; expected a text")
    given = encoding or next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(given)
    except LookupError:
        raise InputError(
            f"encoding {given!r} is not known; give one such as utf-8, cp1252 or utf-16-le"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(_told(path, content, given, error)) from None
    if "\0" in text:
        raise InputError(f"{path} holds zero bytes: {_with_zeros(content)}")
    # A mark stays where the caller named the encoding.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, _written_twice(text))


def _told(path: Path, content: bytes, given: str, error: UnicodeDecodeError) -> str:
    line = content.count(b"\n", 0, error.start) + 1
    at = f"{path} is not {given}: byte 0x{content[error.start]:02x} in line {line}"
    if b"\0" in content:
        return f"{at}; {_with_zeros(content)}"
    likely = _likely(content, given)
    return f"{at}; it looks like {likely}: give --encoding {likely}, or write it as UTF-8" if likely else (
        f"{at}; say which encoding it has with --encoding, such as cp1252, or write it as UTF-8"
    )  # fmt: skip


def _likely(content: bytes, given: str) -> str | None:
    """Return the encoding that bytes look like; Western text is ambiguous among Latin-1 and its kin: Windows's."""
    try:
        content.decode("cp1252")
        western = sum(byte > 127 for byte in content) < _WESTERN * len(content)
    except UnicodeDecodeError:
        western = False
    if western and given != "cp1252":
        return "cp1252"
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    best = from_bytes(content[:200_000]).best()
    return None if best is None or best.encoding == given.replace("-", "_") else best.encoding


def _with_zeros(content: bytes) -> str:
    even, odd = content[0::2].count(0), content[1::2].count(0)
    if max(even, odd) > 0.2 * len(content):
        kind = "utf-16-be" if even > odd else "utf-16-le"
        return f"it looks like {kind}; give --encoding {kind}"
    return "it is no text"


def _written_twice(text: str) -> tuple[str, ...]:
    found = list(_TWICE.finditer(text))
    if not found:
        return ()
    line = text.count("\n", 0, found[0].start()) + 1
    return (
        f"{len(found)} places look like UTF-8 that was read as cp1252 and written again, the first in line {line}: "
        f"{text[found[0].start() : found[0].start() + 12]!r}; they are kept as they are",
    )
