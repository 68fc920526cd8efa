"""A trained model of entities judged beside a gazetteer and two fields, on sentences it never saw."""

from terrella.engine.judge.comparing import intervals, larger_by
from terrella.engine.judge.document import scores_document
from terrella.engine.run import Report
from terrella.engine.task import Asked, Judging
from terrella.literature.corpus.opening import judged_sentences
from terrella.literature.judging.reporting import made_report
from terrella.literature.learning.finishing import MODELS, NETWORK
from terrella.literature.model import model_of
from terrella.literature.scores import UNITS, resampled
from terrella.literature.settings import LiteratureSettings


def judge_asked(asked: Asked, report: Report) -> Judging:
    """Judge the network and its baselines on the same sentences.

    Raises:
        InputError: where the bundle or the sentences are at fault.
    """
    model = model_of(asked.bundle)
    settings = asked.settings(LiteratureSettings)
    sentences, name = judged_sentences(settings.data, asked.data, asked.split, model.kinds, report)
    tokens = [sentence.tokens for sentence in sentences]
    labels = {each: model.labels_for(tokens, each) for each in MODELS}
    found = resampled(sentences, labels, settings.judge.resamples)
    more = {"trusted": model.trusted, "sentences": len(sentences)}
    document = scores_document(name, asked.split, intervals(found), UNITS, larger_by(found, NETWORK), more)
    return made_report(sentences, labels, document)
