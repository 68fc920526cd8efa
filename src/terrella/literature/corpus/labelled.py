"""Files of labelled tokens: one token and its label to a line, an empty line between sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrella.errors import InputError
from terrella.files import must_exist, write_text
from terrella.formats.encoding import read_text
from terrella.literature.corpus.spans import OUTSIDE, Sentence, begun
from terrella.literature.texts.read import TABLES


@dataclass(frozen=True)
class Labelled:
    """Sentences of a file, and what was found in it."""

    sentences: tuple[Sentence, ...]
    findings: tuple[str, ...]


def read_labelled(path: Path, encoding: str | None = None) -> Labelled:
    """Return the sentences of a file whose labels have beginnings (B-ROCK, I-ROCK: BIO) or not (ROCK: IO).

    A token and its label are separated by spaces or a tab; columns between are left out. Where labels have no
    beginnings, a run of one kind is one entity.

    Raises:
        InputError: where the file holds no labelled tokens, or mixes both schemes.
    """
    must_exist(path, "a file of tokens with labels, such as OzROCK's or BGS's")
    decoded = read_text(path, encoding)
    numbered = list(_sentences(decoded.text.split("\n"), path))
    firsts = {token for rows in numbered for _, token, _ in rows if token}
    if firsts - {OUTSIDE} and all(token == OUTSIDE or token[:2] in ("B-", "I-") for token in firsts):
        raise InputError(f"{path}: its first column holds labels; expected TOKEN LABEL, the label last")
    labels = Counter(label for rows in numbered for _, _, label in rows)
    bio = sorted(label for label in labels if label[:2] in ("B-", "I-"))
    plain = sorted(label for label in labels if label != OUTSIDE and label not in bio)
    if not bio and not plain:
        raise InputError(
            f"{path}: no token has a label of an entity; expected lines such as 'granite B-ROCK' or 'granite ROCK'"
        )
    if bio and plain:
        raise InputError(
            f"{path}: labels {bio[0]} and {plain[0]} are of two schemes; use B-, I- and O, or none"
        )
    findings = list(decoded.findings)
    if bare := [number for rows in numbered for number, token, _ in rows if not token]:
        findings.append(f"{len(bare)} labels without a token are left out, the first in line {bare[0]}")
    sentences = []
    for rows in numbered:
        kept = [row for row in rows if row[1]]
        tokens, given = tuple(row[1] for row in kept), tuple(row[2] for row in kept)
        if kept:
            sentences.append(Sentence(tokens, given if bio else begun(given)))
    scheme = "B-, I- and O" if bio else "no beginnings: a run of one kind is one entity"
    findings.append(f"{len(sentences):,} sentences, labels with {scheme}")
    return Labelled(tuple(sentences), tuple(findings))


def convert(path: Path, output: Path, encoding: str | None) -> list[str]:
    """Write a file of labelled tokens with B-, I- and O; return lines on what was found.

    Raises:
        InputError: where the file is at fault.
    """
    found = read_labelled(path, encoding)
    rows = ("\n".join(map("\t".join, zip(s.tokens, s.labels, strict=True))) for s in found.sentences)
    write_text(output, "\n\n".join(rows) + "\n")
    kinds = Counter(span.kind for sentence in found.sentences for span in sentence.spans)
    counted = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())
    return [*found.findings, f"entities: {counted}", f"written to {output}"]


def _sentences(lines: Sequence[str], path: Path) -> Iterator[list[tuple[int, str, str]]]:
    """Yield the rows of each sentence: number of the line, token, label."""
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, 1):
        # A token may hold spaces where tabs lie between columns.
        parts = [each.strip() for each in line.rstrip().split("\t")] if "\t" in line.strip() else line.split()
        if not parts:
            if rows:
                yield rows
            rows = []
        elif len(parts) > 1:
            rows.append((number, parts[0], parts[-1]))
        elif line[0].isspace():
            rows.append((number, "", parts[0]))
        else:
            hint = "; --data.label names the classes of documents" if path.suffix in TABLES else ""
            raise InputError(
                f"{path}, line {number}: {line.strip()[:60]!r} has no label; expected TOKEN LABEL{hint}"
            )
    if rows:
        yield rows
