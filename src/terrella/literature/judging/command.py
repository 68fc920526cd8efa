"""A trained model of entities judged beside a gazetteer and two fields, on sentences it never saw."""

from pathlib import Path

from terrella.engine.judge.document import scores_document
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.errors import InputError
from terrella.literature.corpus.labelled import read_labelled
from terrella.literature.corpus.opening import open_corpus
from terrella.literature.corpus.spans import Sentence
from terrella.literature.judging.reporting import made_report
from terrella.literature.learning.finishing import MODELS
from terrella.literature.model import model_of
from terrella.literature.scores import UNITS, judged


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on the same sentences.

    Raises:
        InputError: where the bundle or the sentences are at fault.
    """
    model = model_of(asked.bundle)
    chosen = model.settings.judge.model_copy(update=dict(asked.judge))
    data = model.settings.data
    sentences: tuple[Sentence, ...]
    if asked.data is not None:
        found = read_labelled(Path(asked.data), data.encoding)
        sentences, name = found.sentences, Path(asked.data).name
        for finding in found.findings:
            report({"kind": "message", "message": f"{asked.data}: {finding}"})
    else:
        sentences = open_corpus(data, report).split(asked.split)
        name = ", ".join(Path(each).name for each in (data.test or data.train))
    _refuse_other_kinds(sentences, model.kinds, name)
    tokens = [sentence.tokens for sentence in sentences]
    labels = {each: model.labels_for(tokens, each) for each in MODELS}
    scores, pairs = judged(sentences, labels, chosen.resamples)
    more = {"trusted": model.trusted, "sentences": len(sentences)}
    document = scores_document(name, asked.split, scores, UNITS | {"f1": ""}, pairs, more)
    return made_report(asked.run, model, sentences, labels, document)


def _refuse_other_kinds(sentences: tuple[Sentence, ...], kinds: tuple[str, ...], name: str) -> None:
    found = {span.kind for sentence in sentences for span in sentence.spans}
    if not found & set(kinds):
        raise InputError(
            f"{name} has the kinds {', '.join(sorted(found))}, the model {', '.join(kinds)}: none is the same"
        )
