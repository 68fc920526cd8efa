"""Records of reference managers whose lines begin with tags: RIS, and PubMed's NBIB."""

import re
from collections.abc import Iterator
from pathlib import Path

from terrella.errors import InputError

_TAG = {
    ".ris": re.compile(r"([A-Z][A-Z0-9])  -(?:[ \t](.*))?$"),
    ".nbib": re.compile(r"([A-Z]{2,4}) {0,2}-[ \t](.*)$"),
}
_FIRST = {".ris": ("TY",), ".nbib": ("PMID",)}
# The tags of our fields, the one that counts first where there are several.
_FIELDS = {
    ".ris": {
        "title": ("TI", "T1", "CT"), "abstract": ("AB", "N2"), "id": ("ID",), "doi": ("DO",), "keywords": ("KW",),
    },
    ".nbib": {"title": ("TI",), "abstract": ("AB",), "id": ("PMID",), "doi": ("LID",), "keywords": ("OT", "MH")},
}  # fmt: skip


def tagged_records(text: str, path: Path, findings: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the records of a file, each with the line where it begins and its fields.

    A line without a tag goes on with the value above it; what stands between records is passed over. Fields under
    other tags keep these as names, in lower case.

    Raises:
        InputError: where there is no record.
    """
    kind = path.suffix.lower()
    record: dict[str, list[str]] = {}
    begun, tag, count = 0, "", 0
    for number, line in enumerate([*text.split("\n"), None], 1):
        found = None if line is None else _TAG[kind].match(line.rstrip())
        if record and (line is None or (found and found[1] in (*_FIRST[kind], "ER"))):
            if line is None and kind == ".ris":
                findings.append(f"the record in line {begun} does not end (ER); the file may be cut off")
            yield f"line {begun}", _fields(record, kind)
            record, tag, count = {}, "", count + 1
        if found and (record or found[1] in _FIRST[kind]):
            begun = begun if record else number
            tag = found[1]
            record.setdefault(tag, []).append((found[2] or "").strip())
        elif tag and line and line.strip():
            record[tag][-1] = f"{record[tag][-1]} {line.strip()}".strip()
    if not count:
        begins = " or ".join(f"{each}  - ..." for each in _FIRST[kind])
        raise InputError(f"{path}: no record; expected lines with tags, the first of a record {begins}")


def _fields(record: dict[str, list[str]], kind: str) -> dict[str, str]:
    fields = {tag.lower(): "; ".join(values) for tag, values in record.items()}
    ours = {
        name: next((fields[tag.lower()] for tag in tags if fields.get(tag.lower())), "")
        for name, tags in _FIELDS[kind].items()
    }
    return {**ours, **{tag: value for tag, value in fields.items() if tag not in ours}}
