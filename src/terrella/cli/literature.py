"""The verbs of `terrella literature` that are its own: demo, data, predict, score, search."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from terrella.cli.flags import Bundle, Output, shown
from terrella.cli.task_commands import predicted
from terrella.cli.tasks import TASKS, load_task
from terrella.files import must_exist

__all__ = ["data", "demo", "predict", "score", "search"]

_TEXTS = TASKS["literature"].asked_of
Several = Annotated[int, Parameter(validator=Number(gte=1))]
Encoding = Annotated[str | None, Parameter(help="Of the texts, where it is not UTF-8, such as cp1252.")]
Column = Annotated[str | None, Parameter(help="Column or field of the text, where its name is another.")]


def demo(
    *, run: Path | None = None, seed: int = 0, labelled: Path | None = None, classes: bool = False
) -> None:
    """Train a network that finds entities in sentences, or their classes, and judge it beside classical models.

    Sentences are real where some are at hand (TERRELLA_DATA), else simulated with a known truth.

    Example: terrella literature demo

    Parameters
    ----------
    run
        Folder of the run, by default runs/literature/demo or runs/literature/classes; a demo that was stopped goes
        on from there.
    seed
        Seed of weights, order and simulated sentences.
    labelled
        File of labelled tokens in place of those at hand; a tenth of it is judged on.
    classes
        Learn which kind of entity a sentence names most often, in place of the entities.
    """
    run = run or Path("runs/literature/classes" if classes else "runs/literature/demo")
    following = f"terrella literature predict TEXTS.csv --bundle {run} -o found"
    shown(lambda report: load_task("literature").demo(run, report, seed, labelled, classes), following)


def data(labelled: Path, *, output: Output, encoding: str | None = None) -> None:
    """Read a file of labelled tokens, say what was found in it, and write it with B-, I- and O.

    Example: terrella literature data bgs.3class.geo-training-data.txt -o labelled.txt

    Parameters
    ----------
    labelled
        A token and its label to a line, with B- and I- or without; an empty line between sentences.
    output
        File to write.
    encoding
        Of the file, where it is not UTF-8, such as cp1252.
    """
    must_exist(labelled, "a file of tokens with labels, such as OzROCK's or BGS's")
    from terrella.literature.corpus.labelled import convert

    following = f"terrella literature train {output} --run runs/literature/mine"
    shown(lambda report: convert(labelled, output, encoding), following)


def predict(
    texts: Path, *, bundle: Bundle, output: Output, encoding: Encoding = None, column: Column = None,
    phrases: Several = 10, sentences: Several = 3,
) -> None:  # fmt: skip
    """Find entities, key phrases, summaries and a knowledge graph in texts, and write them into a folder.

    entities.csv has a row for each entity with its characters in the document's text, which documents.csv holds;
    the graph (graph.graphml, graph.json) has the sentence behind each edge. A bundle that was trained with
    --data.label writes classes.csv in place of these.

    Example: terrella literature predict abstracts.bib --bundle runs/literature/demo -o found

    Parameters
    ----------
    texts
        CSV or TSV with a column abstract, text or title; JSON, JSON lines; BibTeX, RIS, NBIB; all else is one
        plain text.
    output
        Folder to write.
    phrases
        Key phrases of a document at most.
    sentences
        Sentences of a summary at most.
    """
    chosen = {"encoding": encoding, "column": column, "phrases": phrases, "sentences": sentences}
    predicted("literature", texts, _TEXTS, bundle, output, **chosen)


def score(
    texts: Path, *, output: Output, reference: str | None = None, sentences: Several = 3,
    encoding: Encoding = None, column: Column = None,
) -> None:  # fmt: skip
    """Score summaries beside the first sentences (ROUGE), and searches beside BM25 (nDCG), on texts of your own.

    Queries are the titles, for the texts without them; texts without titles are asked for by one of their own
    sentences, which is taken out. scores.json, scores.csv and a report go into a folder.

    Example: terrella literature score papers.jsonl --reference highlights -o scored

    Parameters
    ----------
    texts
        As `predict` takes them; twenty documents at least.
    output
        Folder to write.
    reference
        Column of the summary that a person wrote; in JSON it may be a list of several. Without it searches alone.
    sentences
        Sentences of a summary.
    """
    must_exist(texts, _TEXTS)
    from terrella.literature.use.scoring import score_file

    shown(lambda report: score_file(texts, output, reference, sentences, encoding, column, report))


def search(
    query: str, texts: Path, *, by: Literal["both", "words", "meaning"] = "both", number: Several = 10,
    encoding: Encoding = None, column: Column = None,
) -> None:  # fmt: skip
    """Print the documents that answer a query best: by its words (BM25), by their meaning, or both.

    Meaning is learned from the texts themselves, by latent semantic analysis: it needs some hundred documents.

    Example: terrella literature search "gold in volcanic rocks" abstracts.csv

    Parameters
    ----------
    query
        Words.
    texts
        As `predict` takes them.
    by
        Words, meaning, or both, whose scores are added.
    number
        Documents to print.
    """
    must_exist(texts, _TEXTS)
    from terrella.literature.use.search import search_file

    shown(lambda report: search_file(query, texts, by, number, encoding, column, report))
