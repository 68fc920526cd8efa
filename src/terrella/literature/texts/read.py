"""The user's own texts: CSV, JSON lines, BibTeX, RIS or plain text, one document each."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrella.errors import InputError
from terrella.files import must_exist
from terrella.formats.encoding import read_text
from terrella.literature.texts.tagged import tagged_records

_TEXTS = ("abstract", "text", "abstracts", "summary", "body", "content", "description")
_TITLES = ("title", "article title", "document title", "name")
_NAMES = ("id", "doi", "key", "identifier", "eid", "ut")
TABLES = (
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
    ".ndjson",
    ".bib",
    ".ris",
    ".nbib",
)  # files with columns or fields
_NAMED = 8  # places that a finding names at most


@dataclass(frozen=True)
class Document:
    """A text with its name: its identifier, or the file and row that it came from."""

    name: str
    text: str
    label: str = ""  # its class or another field, where it was asked for
    title: str = ""
    body: str = ""  # the text without its title


@dataclass(frozen=True)
class Texts:
    """Documents, and what was found in their file."""

    documents: tuple[Document, ...]
    findings: tuple[str, ...] = ()


def read_texts(
    path: Path, encoding: str | None = None, column: str | None = None, label: str | None = None
) -> Texts:
    """Return the documents of a file, by its suffix: .csv, .tsv, .json, .jsonl, .bib, .ris, .nbib; all else
    is one plain text.

    A title goes before its abstract. `column` names the column or field of the text where it is not known, `label`
    that of the documents' classes or summaries, without which a document is left out.

    Raises:
        InputError: where the file is empty, of another encoding, or holds no text.
    """
    must_exist(path, "texts (CSV, JSON lines, BibTeX, RIS or plain text)")
    decoded = read_text(path, encoding)
    kind = path.suffix.lower()
    if kind not in TABLES:
        return Texts((Document(path.name, decoded.text, body=decoded.text),), decoded.findings)
    findings = list(decoded.findings)
    if kind == ".bib":
        records = list(bibtex_entries(decoded.text, path, findings))
    elif kind in (".ris", ".nbib"):
        records = list(tagged_records(decoded.text, path, findings))
    elif kind in (".csv", ".tsv"):
        records = list(_rows(decoded.text, path, "\t" if kind == ".tsv" else None))
    elif kind == ".json":
        records = list(_listed(decoded.text, path))
    else:
        records = list(_objects(decoded.text, path))
    return _documents(records, path, column, label, tuple(findings))


def _documents(
    records: Sequence[tuple[str, dict[str, Any]]],
    path: Path,
    column: str | None,
    label: str | None,
    findings: tuple[str, ...],
) -> Texts:
    """Return documents of records, each with the place where it was found and its fields."""
    if not records:
        raise InputError(f"{path} holds no documents; expected one to a row or entry")
    fields = list(dict.fromkeys(name for _, record in records for name in record))
    for each in (column, label):
        if each is not None and each not in fields:
            raise InputError(f"{path} has no column {each!r}; it has {', '.join(fields)}")
    text, title, name = (_first(fields, known) for known in (_TEXTS, _TITLES, _NAMES))
    text = column or text
    if text is None and title is None:
        raise InputError(
            f"{path} has no column {', '.join(_TEXTS[:3])} or title; it has {', '.join(fields)}: name one with "
            "--column"
        )
    documents: list[Document] = []
    empty: list[str] = []
    unlabelled: list[str] = []
    for place, record in records:
        where = f"{path}, {place}"
        parts = [_text_of(record, each, where) for each in (title, text)]
        known = _text_of(record, label, where)
        if not any(parts) or (label and not known):
            (unlabelled if any(parts) else empty).append(place)
            continue
        begin = parts[0] + ("" if not parts[0] or parts[0][-1] in ".?!" else ".")
        written = "\n\n".join(p for p in (begin, parts[1]) if p)
        documents.append(Document(_text_of(record, name, where) or place, written, known, *parts))
    if not documents:
        lacking = f"a text and a {label}" if label else "a text"
        raise InputError(f"{path}: none of its {len(records)} documents has {lacking}")
    said = [f"{len(documents):,} documents, text of {' and '.join(each for each in (title, text) if each)}"]
    said += [
        f"{len(places)} documents without a {lacking} are left out: {', '.join(places[:_NAMED])}"
        + (", …" if len(places) > _NAMED else "")
        for lacking, places in (("text", empty), (label, unlabelled))
        if places
    ]
    return Texts(tuple(documents), (*findings, *said))


def _text_of(record: dict[str, Any], field: str | None, where: str) -> str:
    """Return a field's text; a list of texts is its paragraphs.

    Raises:
        InputError: where the field holds an object or other lists.
    """
    value = record.get(field or "", "")
    parts = value if isinstance(value, list) else [value]
    if any(isinstance(each, dict | list) for each in parts):
        raise InputError(f"{where}: {field} holds JSON within JSON; a text, or a list of texts, is expected")
    return "\n\n".join(str(each) for each in parts).strip()


def _first(fields: Sequence[str], known: Sequence[str]) -> str | None:
    low = {field.lower().strip(): field for field in reversed(fields)}
    return next((low[each] for each in known if each in low), None)


def _rows(text: str, path: Path, delimiter: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    head = text.split("\n", 1)[0]
    between = delimiter or max(",;\t", key=head.count)
    csv.field_size_limit(
        max(len(text), csv.field_size_limit())
    )  # whole reports are longer than its own limit
    reader = csv.reader(io.StringIO(text), delimiter=between, strict=True)
    try:
        names = next(reader)
        if twice := [each for each in names if each and names.count(each) > 1]:
            raise InputError(f"{path} has two columns {twice[0]!r}; give each its own name")
        for number, row in enumerate(reader, 2):
            if not row:
                continue
            if len(row) != len(names):
                raise InputError(
                    f"{path}, row {number}: {len(row)} fields where the first row names {len(names)}; quote texts "
                    "that hold the separator"
                )
            yield f"row {number}", dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}; quotes must be closed") from None


def _listed(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: no JSON ({error}); JSON lines are named .jsonl") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(f"{path}: expected a list of JSON objects such as {{'id': …, 'text': …}}")
    for number, each in enumerate(found, 1):
        yield f"object {number}", {name: value for name, value in each.items() if value is not None}


def _objects(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(
        text.split("\n"), 1
    ):  # splitlines breaks at marks that JSON's strings may hold
        if not line.strip():
            continue
        try:
            found: Any = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"{path}, line {number}: no JSON ({str(error).split(': line')[0]}); expected one object to a line"
            ) from None
        if not isinstance(found, dict):
            raise InputError(f"{path}, line {number}: expected a JSON object such as {{'id': …, 'text': …}}")
        yield f"line {number}", {name: each for name, each in found.items() if each is not None}


_ENTRY = re.compile(r"@(\w+)\s*[{(]\s*([^,\s}]*)\s*,")
_END = re.compile(r"\s*,?\s*[})]")
_FIELD = re.compile(r"\s*,?\s*([\w-]+)\s*=\s*")
_MACRO = re.compile(r"@string\s*[{(]\s*([\w-]+)\s*=\s*", re.IGNORECASE)
_JOIN = re.compile(r"\s*#\s*")
_NO_ENTRIES = ("comment", "string", "preamble")


def bibtex_entries(text: str, path: Path, findings: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the entries of BibTeX: where each stands, and its fields with its key as `key`.

    Of a field that comes twice the first counts, as in BibTeX, and a finding is added.

    Raises:
        InputError: where a value's braces are not closed, or an entry goes on after its fields.
    """
    macros: dict[str, str] = {}
    for name, at in ((each.group(1).lower(), each.end()) for each in _MACRO.finditer(text)):
        macros[name] = _value(text, at, path, macros)[0]
    for begin in _ENTRY.finditer(text):
        if begin.group(1).lower() in _NO_ENTRIES:
            continue
        fields, at = {"key": begin.group(2)}, begin.end()
        while field := _FIELD.match(text, at):
            value, at = _value(text, field.end(), path, macros)
            name = field.group(1).lower()
            if name in fields:
                findings.append(f"the entry {begin.group(2)} has two fields {name}: the first counts")
            fields.setdefault(name, _plain(value))
        if not _END.match(text, at):
            line = text.count("\n", 0, at) + 1
            raise InputError(
                f"{path}, line {line}: the entry {begin.group(2)} goes on with {text[at : at + 30].strip()!r}; "
                "expected NAME = {value} or its closing brace"
            )
        yield begin.group(2) or f"line {text.count(chr(10), 0, begin.start()) + 1}", fields


def _value(text: str, at: int, path: Path, macros: dict[str, str]) -> tuple[str, int]:
    """Return a value, whose parts # joins, and where it ends; a macro that nothing defines is its own name."""
    value, at, bare = _part(text, at, path)
    value = macros.get(value.lower(), value) if bare else value
    while joined := _JOIN.match(text, at):
        more, at, bare = _part(text, joined.end(), path)
        value += macros.get(more.lower(), more) if bare else more
    return value, at


def _part(text: str, at: int, path: Path) -> tuple[str, int, bool]:
    """Return a value in braces, in quotes or bare, where it ends, and whether it is bare."""
    if at < len(text) and text[at] in '{"':
        depth = 0
        for end in range(at, len(text)):
            if text[end] == "}" and text[end - 1] != "\\":
                depth -= 1
            elif text[end] == "{" and text[end - 1] != "\\":
                depth += 1
            closed = text[end] == "}" if text[at] == "{" else text[end] == '"' and end > at
            if closed and depth == 0:
                return text[at + 1 : end], end + 1, False
        line = text.count("\n", 0, at) + 1
        raise InputError(f"{path}, line {line}: the value that begins here is not closed")
    bare = re.compile(r"[^,})#\s]*").match(text, at)
    assert bare is not None  # it may be empty
    return bare.group(), bare.end(), True


_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a", "d": "\u0323",
}  # fmt: skip
_LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
            "l": "ł", "L": "Ł", "i": "ı", "j": "ȷ"}  # fmt: skip
_LETTER = re.compile(
    rf"\\({'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?![A-Za-z])(?: +(?=\w)|{{}})?"
)
_ACCENT = re.compile(r"\{?\\(['`^\"~=.]|[cvuHkrd](?=[{ ]))\s*\{?\\?([A-Za-z])\}?\}?")


def _plain(value: str) -> str:
    """Return BibTeX's text without its markup: accents as letters, no braces, spaces for line breaks."""
    import unicodedata

    found = _ACCENT.sub(lambda m: m.group(2) + _ACCENTS[m.group(1)], value)
    found = _LETTER.sub(lambda m: _LETTERS[m.group(1)], found)
    found = re.sub(r"\\([&%_#$])", r"\1", found).replace("---", "—").replace("--", "–").replace("~", " ")
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", found.replace("{", "").replace("}", "")).strip())
