"""Summaries and searches scored on the user's own texts, beside the first sentences and BM25."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrella.engine.judge.bootstrap import label_blocks
from terrella.engine.judge.comparing import Resampled, intervals, larger_by
from terrella.engine.judge.document import scores_document
from terrella.engine.judge.report import Section, filled, score_tables
from terrella.engine.run import Report, Run
from terrella.engine.task import Judging
from terrella.engine.workflow import leave_judging
from terrella.errors import InputError
from terrella.literature.judging.gains import gains
from terrella.literature.texts.read import Document, read_texts
from terrella.literature.texts.tokens import sentences_of
from terrella.literature.use.rouge import rouge_l, rouge_n, rouge_words
from terrella.literature.use.search import HOW, make_index, ndcg
from terrella.literature.use.summary import lead, summary

ROUGE = (("rouge1", "ROUGE-1", 3, 1.0), ("rouge2", "ROUGE-2", 3, 1.0), ("rougeL", "ROUGE-L", 3, 1.0))
FOUND = (("ndcg", "nDCG@10", 3, 1.0), ("first", "found first", 3, 1.0))
_UNITS = {score: "" for score, *_ in (*ROUGE, *FOUND)}
_SEARCHES = {"both": "BM25 and meaning", "meaning": "meaning", "words": "BM25"}
_FEWEST = 20  # documents
_SHORTEST = 5  # words of a sentence that is a query
_RESAMPLES = 1000


@dataclass(frozen=True)
class Queries:
    """What is searched for: the query of each document, the texts without it, and what the queries are."""

    asked: Sequence[str]
    texts: Sequence[str]
    what: str


def score_file(
    texts: Path, output: Path, reference: str | None, number: int, encoding: str | None, column: str | None,
    report: Report,
) -> None:  # fmt: skip
    """Score summaries of so many sentences and searches on the documents of a file; leave scores and a report.

    `reference` names the field of the summaries by people. Queries are titles, where documents have them, else a
    sentence of each document that is taken out of it.

    Raises:
        InputError: where the file is at fault, or has fewer than 20 documents.
    """
    found = read_texts(texts, encoding, column, reference)
    for finding in found.findings:
        report({"kind": "message", "message": f"{texts}: {finding}"})
    if len(found.documents) < _FEWEST:
        raise InputError(
            f"{texts} has {len(found.documents)} documents; at least {_FEWEST} are needed for scores"
        )
    queries = queries_of(found.documents)
    parts = [_Part("Searches", _SEARCHED.format(queries.what), searched(queries), FOUND)]
    if reference is not None:
        about = _SUMMARISED.format(f"{number} sentence{'s' * (number > 1)}", reference)
        parts.insert(0, _Part("Summaries", about, summarised(found.documents, number), ROUGE))
    models = {name: own for part in parts for name, own in part.found.items()}
    pairs = [pair for part in parts for pair in larger_by(part.found, next(iter(part.found)))]
    more = {"documents": len(found.documents), "queries": queries.what}
    document = scores_document(texts.name, "test", intervals(models), _UNITS, pairs, more)
    sections = [part.section(document) for part in parts]
    said = f"{len(found.documents):,} documents. Nothing was fitted to these scores."
    title = "Summaries and searches of texts, beside simpler ways"
    judging = Judging(document, title, said, filled(sections), (*ROUGE, *FOUND), texts.name)
    leave_judging(Run(output), judging, report)


@dataclass(frozen=True, eq=False)
class _Part:
    """Scores of what was judged on the same documents, the model that is not a baseline first."""

    title: str
    about: str
    found: Resampled
    shown: Sequence[tuple[str, str, int, float]]

    def section(self, document: Mapping[str, Any]) -> Section:
        own = {name: document["models"][name] for name in self.found}
        pairs = [pair for pair in document["paired"] if pair["model"] in self.found]
        tables = [*score_tables(self.title, own, self.shown, self.shown[0][0]), *gains(pairs, self.shown)]
        return Section(self.title, self.about, tables)


_SUMMARISED = (
    "Summaries of each text ({0}), and as many from its beginning, against {1}. F1 of single words, of pairs and "
    "of the longest common subsequence (Lin 2004), the best of several references; means over documents, 95 % "
    "intervals with whole documents resampled."
)
_SEARCHED = (
    "Queries are {0}; the one relevant document is the query's own. nDCG of the first ten, and the share that is "
    "found first; means over queries, 95 % intervals with whole queries resampled. Meaning is learned from "
    "these texts."
)


def summarised(documents: Sequence[Document], number: int) -> Resampled:
    """Return ROUGE of summaries of so many sentences, and of the first ones, against each document's label."""
    ways = {"LexRank": summary, f"lead-{number}": lead}
    scores = {
        name: [_rouge(each, way(_sentences(each), number)) for each in documents]
        for name, way in ways.items()
    }
    return _resampled(scores, [each[0] for each in ROUGE])


def _rouge(document: Document, taken: Sequence[int]) -> tuple[float, float, float]:
    sentences = _sentences(document)
    given = rouge_words(" ".join(sentences[at] for at in taken))
    references = [rouge_words(each) for each in document.label.split("\n\n")]
    return rouge_n(given, references, 1), rouge_n(given, references, 2), rouge_l(given, references)


def _sentences(document: Document) -> list[str]:
    body = document.body
    return [body[own[0].start : own[-1].end] for own in sentences_of(body)]


def queries_of(documents: Sequence[Document]) -> Queries:
    """Return titles as queries for texts without them; else of each text its middle sentence of five words or more.

    Raises:
        InputError: where too few documents have either.
    """
    if all(each.title for each in documents):
        return Queries([each.title for each in documents], [each.body for each in documents], "titles")
    asked, texts = [], []
    for each in documents:
        sentences = _sentences(each)
        long = [at for at, own in enumerate(sentences) if len(own.split()) >= _SHORTEST]
        if len(sentences) < 2 or not long:
            continue
        at = long[len(long) // 2]
        asked.append(sentences[at])
        texts.append(" ".join(own for other, own in enumerate(sentences) if other != at))
    if len(asked) < _FEWEST:
        raise InputError(
            f"searches need titles, or {_FEWEST} documents of two sentences of which one can be asked for; "
            f"{len(asked)} are"
        )
    return Queries(asked, texts, "sentences taken out of their documents")


def searched(queries: Queries) -> Resampled:
    """Return nDCG of the first ten documents, and the share that is found first, for each way of searching."""
    index = make_index(queries.texts)
    scores = {}
    for way, name in _SEARCHES.items():
        own = []
        for at, asked in enumerate(queries.asked):
            found = HOW[way](index, asked)
            relevant = np.arange(len(found)) == at
            own.append(
                (ndcg(found, relevant.astype(float)), float(np.argsort(-found, kind="stable")[0] == at))
            )
        scores[name] = own
    return _resampled(scores, [each[0] for each in FOUND])


def _resampled(scores: Mapping[str, Sequence[tuple[float, ...]]], names: Sequence[str]) -> Resampled:
    """Return means over documents, of the data and of every resample, by model and score."""
    number = len(next(iter(scores.values())))
    blocks = label_blocks(np.arange(number), _RESAMPLES, 0)
    counts = blocks.sums(np.ones(number))
    return {
        model: dict(zip(names, (blocks.sums(np.array(own)) / counts[:, None]).T, strict=True))
        for model, own in scores.items()
    }
