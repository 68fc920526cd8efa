"""Classes of texts: the regression, scores, what is read and refused, and the verbs as a user types them."""

import csv
import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from literature_cases import run
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from terrella.engine.run import Run
from terrella.errors import InputError
from terrella.literature.citing import cited
from terrella.literature.classes.documents import Example, commonest_kind, open_classes
from terrella.literature.classes.model import MODELS, load_classifier
from terrella.literature.classes.regression import fit_regression
from terrella.literature.classes.scores import resampled
from terrella.literature.corpus.spans import Sentence
from terrella.literature.corpus.synthetic import simulate
from terrella.literature.model import load_model
from terrella.literature.settings import DataSettings

SMALL = ["--fit.epochs", 2, "--network.hidden", 8, "--network.width", 8, "--judge.resamples", 30]


def ignore(event):
    """Take a report."""


def examples(number, seed=0):
    kinds = ((s.tokens, commonest_kind(s)) for s in simulate(number, seed))
    return [Example(tokens, kind) for tokens, kind in kinds if kind]


def write_csv(path, rows, heads=("id", "abstract", "subject")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *rows])
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rows = [(f"d{n}", " ".join(e.tokens), e.label.lower()) for n, e in enumerate(examples(160))]
    return write_csv(tmp_path_factory.mktemp("classes") / "abstracts.csv", [*rows, ("z", "No class.", "")])


@pytest.fixture(scope="module")
def trained(table):
    folder = table.parent / "run"
    assert run("train", table, "--data.label", "subject", "--run", folder, "--no-plan", *SMALL) == 0
    return folder


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("kinds", [("ROCK", "PLACE"), ("ROCK", "PLACE", "STRAT")])
def test_the_regression_is_that_of_scikit_learn(kinds):
    learned = [each for each in examples(120) if each.label in kinds]
    ours = fit_regression(learned, kinds, 10.0)
    vectors = TfidfVectorizer(
        analyzer=lambda tokens: [*(low := [t.lower() for t in tokens]), *map(" ".join, pairwise(low))],
        sublinear_tf=True, min_df=2,
    )  # fmt: skip
    theirs = LogisticRegression(C=10.0, max_iter=300).fit(
        vectors.fit_transform([each.tokens for each in learned]), [each.label for each in learned]
    )
    asked = [s.tokens for s in simulate(40, 1, held_out=True)]
    expected = theirs.predict_proba(vectors.transform(asked))[
        :, [list(theirs.classes_).index(k) for k in kinds]
    ]
    odds = np.exp(ours.logits(asked).astype(float))
    assert odds / odds.sum(1, keepdims=True) == pytest.approx(expected, abs=2e-3)


def test_a_class_that_the_training_lacks_is_never_given():
    ours = fit_regression(examples(80), ("AGE?", *sorted({e.label for e in examples(80)})), 1.0)
    assert (ours.logits([("granite",), ("AGE?",)]).argmax(1) > 0).all()


def test_scores_are_those_of_scikit_learn():
    draw = np.random.default_rng(0)
    truth, given = draw.choice(["a", "b", "c"], (2, 60))
    found = resampled(list(truth), {"ours": list(given)}, 20)["ours"]
    assert found["macro_f1"][0] == pytest.approx(f1_score(truth, given, average="macro"))
    assert found["accuracy"][0] == pytest.approx(accuracy_score(truth, given))
    assert len(found["macro_f1"]) == 21
    assert found["macro_f1"][1:].std() > 0
    other = resampled(["a", "b"], {"ours": ["a", "z"]}, 0)[
        "ours"
    ]  # a class that the truth has not is an error
    assert (other["macro_f1"][0], other["accuracy"][0]) == (0.5, 0.5)


def test_a_sentence_s_class_is_its_commonest_kind_if_one_is():
    assert commonest_kind(Sentence(("a", "b", "c"), ("B-ROCK", "B-ROCK", "B-AGE"))) == "ROCK"
    assert commonest_kind(Sentence(("a", "b"), ("B-ROCK", "B-AGE"))) is None
    assert commonest_kind(Sentence(("a",), ("O",))) is None


def test_splits_of_documents_share_no_text_and_repeated_ones_are_left_out(tmp_path):
    rows = [(f"d{n}", f"text number {n % 50} of many", "ab"[n % 2]) for n in range(60)]
    path, messages = write_csv(tmp_path / "a.csv", rows), []
    data = DataSettings(train=(str(path),), label="subject")
    corpus = open_classes(data, lambda event: messages.append(event["message"]))
    splits = [{each.tokens for each in own} for own in (corpus.train, corpus.dev, corpus.test)]
    assert sum(map(len, splits)) == len(set.union(*splits)) == 50
    assert [len(own) for own in splits] == [40, 5, 5]
    assert any("10 texts come again" in each for each in messages)


@pytest.mark.parametrize(
    ("rows", "label", "words"),
    [
        ([(str(n), f"text {n}", "a") for n in range(40)], "subject", "of 1 classes"),
        ([(str(n), f"text {n}", str(n)) for n in range(40)], "subject", "no classes"),
        ([("1", "text", "a")], "topic", "has no column 'topic'; it has id, abstract, subject"),
        ([("1", "text", "")], "subject", "none of its 1 documents has a text and a subject"),
    ],
)
def test_what_has_no_classes_is_told_in_a_line(tmp_path, rows, label, words):
    data = DataSettings(train=(str(write_csv(tmp_path / "a.csv", rows)),), label=label)
    with pytest.raises(InputError, match=words):
        open_classes(data, ignore)


def test_a_model_of_classes_is_judged_beside_its_baselines(trained, capsys):
    assert run("judge", "--run", trained) == 0
    document = json.loads((trained / "scores.json").read_text())
    assert list(document["models"]) == list(MODELS)
    for own in document["models"].values():
        assert {"macro_f1", "accuracy", "f1@rock"} <= set(own)
        assert own["accuracy"]["low"] <= own["accuracy"]["value"] <= own["accuracy"]["high"]
    assert cited(Run(trained)) == ["BiLSTM-CRF", "attention over texts"]
    page = (trained / "report.html").read_text()
    assert "True classes (rows)" in page
    capsys.readouterr()
    assert run("show", trained) == 0
    assert "macro-F1 above that of the commonest class by" in capsys.readouterr().out


def test_predictions_of_classes_have_probabilities_of_all(trained, tmp_path, capsys):
    texts = write_csv(
        tmp_path / "new.csv", [("x", "Granite and basalt crop out."), ("y", "Tolrow")], ("id", "text")
    )
    for _ in range(2):
        assert run("predict", texts, "--bundle", trained, "-o", tmp_path / "out") == 0
    found = pd.read_csv(tmp_path / "out/classes.csv")
    model = load_classifier(trained)
    assert list(found["document"]) == ["x", "y"]
    assert set(found["class"]) <= set(model.classes)
    probability = found[[f"p({name})" for name in model.classes]].to_numpy()
    assert probability.sum(1) == pytest.approx([1, 1], abs=1e-3)
    assert [model.classes[at] for at in probability.argmax(1)] == list(found["class"])
    assert model.trusted in MODELS
    with pytest.raises(InputError, match="knows classes and finds no entities"):
        load_model(trained)
