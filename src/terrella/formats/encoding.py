"""The encoding of a text: UTF-8, or named where it is another."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from terrella.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# UTF-8 that was read as Windows-1252 or Latin-1 and written again: a lead byte as a letter, then what follows it.
_FOLLOWING = re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")) + "\u0080-\u009f"
# By their first letter, since one letter is found many times sooner than one of several.
_TWICE = {lead: re.compile(f"{lead}[{_FOLLOWING}]") for lead in "ÂÃÐÑ"} | {"â": re.compile("â€")}
_MOSTLY = 4  # letters beyond ASCII that are right, to each damaged place
_LOOKED_AT = 4096
_SEARCHED = 1 << 24  # letters: what is written twice shows there, and large tables are read no slower
_FEWEST = 24  # bytes beyond ASCII from which other alphabets can be told
_WESTERN = 0.3  # share of letters beyond ASCII, in texts of Latin letters at most


@dataclass(frozen=True)
class Decoded:
    """A file's text, and what was found in it."""

    text: str
    findings: tuple[str, ...] = ()
    encoding: str = "utf-8"


def read_text(path: Path, encoding: str | None = None) -> Decoded:
    """Return a text file's content by the rule of `decoded`, where the user may name the encoding.

    Raises:
        InputError: where it is a folder or cannot be read, and as `decoded` does.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; expected a file of text") from None
    return decoded(content, str(path), encoding, asked=True)


def decoded(
    content: bytes, name: str, encoding: str | None = None, asked: bool = False, names: bool = False
) -> Decoded:
    """Return bytes as text: UTF-8, or what a byte-order mark or the caller says, with line feeds between lines.

    `asked` is whether the user can say which encoding it is. Where nothing but `names` can lie beyond ASCII, other
    bytes are read as Latin-1, and a finding says so.

    Raises:
        InputError: where there is no text, or it is of another encoding, which is named where it can be told.
    """
    given = encoding or next((kind for mark, kind in _MARKS if content.startswith(mark)), "utf-8")
    findings: tuple[str, ...] = ()
    try:
        text = content.decode(given)
    except LookupError:
        raise InputError(
            f"encoding {given!r} is not known; give one such as utf-8, cp1252 or utf-16-le"
        ) from None
    except UnicodeDecodeError as error:
        if not names or any(byte < 9 for byte in content[:_LOOKED_AT]):
            raise InputError(_told(name, content, given, error, asked)) from None
        given = "latin-1"
        # Windows's ellipsis would end a line.
        text = content.removeprefix(codecs.BOM_UTF8).decode(given).replace("\x85", "…")
        findings = (f"{Path(name).name} is not in UTF-8: read as Latin-1, names may be off",)
    if "\0" in text:
        raise InputError(f"{name} holds zero bytes: {_with_zeros(content, asked)}")
    # Texts out of PDF files hold other control characters; tables do not.
    if not asked and any(letter < "\t" for letter in text[:_LOOKED_AT]):
        raise InputError(f"{name} holds control characters: it is no text")
    # A mark stays where the caller named the encoding.
    text = text.removeprefix("\ufeff")
    text = newlines(text)
    if not text or text.isspace():
        raise InputError(f"{name} is empty; expected a text")
    return Decoded(text, findings or _written_twice(text), given)


def newlines(text: str) -> str:
    """Return a text whose lines end as ours do, whichever system wrote it."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def lines_of(text: str) -> Iterator[str]:
    """Yield lines with their ends, of which the first may be all that is wanted of a large text."""
    return (found.group() for found in re.finditer(".*\n?", text))


def wide(content: bytes) -> str | None:
    """Return which UTF-16 or -32 bytes are by their mark or where their zeros lie; None where they are neither."""
    marked = next((kind for mark, kind in _MARKS if content.startswith(mark)), "utf-8")
    if not marked.startswith("utf-8"):
        return marked
    content = content[:_LOOKED_AT]
    even, odd = content[0::2].count(0), content[1::2].count(0)
    if max(even, odd) < 0.2 * len(content) or min(even, odd) > 0.02 * len(content):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _told(name: str, content: bytes, given: str, error: UnicodeDecodeError, asked: bool) -> str:
    line = content.count(b"\n", 0, error.start) + 1
    at = f"{name} is not {given}: byte 0x{content[error.start]:02x} in line {line}"
    if content.startswith(b"%PDF"):
        return f"{name} is a PDF; give its text, as pdftotext writes it"
    if b"\0" in content:
        return f"{at}; {_with_zeros(content, asked)}"
    if not asked and any(byte < 9 for byte in content[:_LOOKED_AT]):
        return f"{at}; it is no text"
    if given == "utf-8" and (damaged := _damaged(content)):
        return f"{at}; all but {damaged} places are UTF-8: mend them"
    likely = _likely(content, given)
    if not asked:
        return f"{at}; {f'it looks like {likely}: ' if likely else ''}write it as UTF-8"
    if likely:
        flag = f"--encoding {likely} (train: --data.encoding)"
        return f"{at}; it looks like {likely}: give {flag}, or write it as UTF-8"
    return f"{at}; say which encoding it has with --encoding, such as cp1252, or write it as UTF-8"


def _damaged(content: bytes) -> int:
    """Return how many places of a text are damaged that is UTF-8 for the rest; zero where it may be no UTF-8."""
    text = content.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    return damaged if sum(letter > "\x7f" for letter in text) > _MOSTLY * damaged else 0


def _likely(content: bytes, given: str) -> str | None:
    """Return the encoding that bytes look like; Western text is ambiguous among Latin-1 and its kin: Windows's."""
    try:
        content.decode("cp1252")
        western = sum(byte > 127 for byte in content) < _WESTERN * len(content)
    except UnicodeDecodeError:
        western = False
    if western and given != "cp1252":
        return "cp1252"
    if sum(byte > 127 for byte in content) < _FEWEST:
        return None
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    best = from_bytes(content[:200_000]).best()
    return None if best is None or best.encoding == given.replace("-", "_") else best.encoding


def _with_zeros(content: bytes, asked: bool) -> str:
    if kind := wide(content):
        return f"it looks like {kind}; {f'give --encoding {kind}' if asked else 'write it as UTF-8'}"
    return "it is no text"


def _written_twice(text: str) -> tuple[str, ...]:
    if text.isascii():
        return ()
    text = text[:_SEARCHED]
    leads = [lead for lead in _TWICE if lead in text]
    starts = [found.start() for lead in leads for found in _TWICE[lead].finditer(text)]
    if not starts:
        return ()
    first = min(starts)
    line = text.count("\n", 0, first) + 1
    return (
        f"{len(starts)} places look like UTF-8 that was read as cp1252 and written again, the first in line "
        f"{line}: {text[first : first + 12]!r}; they are kept as they are",
    )
