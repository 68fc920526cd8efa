"""Labelled sentences: files of both schemes, spans, the simulated corpus, and how they are split."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.literature.corpus.labelled import read_labelled
from terrella.literature.corpus.opening import open_corpus
from terrella.literature.corpus.spans import Span, begun, labels_of, spans_of
from terrella.literature.corpus.synthetic import simulate
from terrella.literature.settings import DataSettings


def ignore(event):
    """Take a report."""


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(["ROCK", "AGE"])), max_size=5)
)
def test_spans_are_what_their_labels_say(parts):
    spans, at = [], 0
    for gap, length, kind in parts:
        spans.append(Span(at + gap, at + gap + length, kind))
        at += gap + length
    assert spans_of(labels_of(spans, at + 1)) == spans


def test_labels_without_beginnings_make_one_entity_of_a_run():
    assert begun(["O", "ROCK", "ROCK", "AGE"]) == ("O", "B-ROCK", "I-ROCK", "B-AGE")
    assert spans_of(["I-ROCK", "I-ROCK", "B-ROCK"]) == [Span(0, 2, "ROCK"), Span(2, 3, "ROCK")]


def test_both_schemes_are_read(tmp_path):
    bio, plain = tmp_path / "bio.txt", tmp_path / "plain.txt"
    bio.write_bytes(b"grey O\r\ngranite B-ROCK\r\n\r\ngold B-MINERAL\r\nore B-MINERAL\r\n \r\n")
    plain.write_text("Lias\tSTRAT\nGroup\tSTRAT\n\tO\nrests\tO\n")
    found = read_labelled(bio)
    assert [s.tokens for s in found.sentences] == [("grey", "granite"), ("gold", "ore")]
    assert found.sentences[1].spans == [Span(0, 1, "MINERAL"), Span(1, 2, "MINERAL")]
    found = read_labelled(plain)
    assert found.sentences[0].spans == [Span(0, 2, "STRAT")]
    assert "1 labels without a token are left out, the first in line 3" in found.findings


def test_tokens_hold_spaces_between_tabs_and_rare_line_marks(tmp_path):
    path = tmp_path / "tabs.txt"
    path.write_text("New Zealand\tNNP\tB-PLACE\n10\x85km\tO\n", encoding="utf-8")
    assert read_labelled(path).sentences[0].tokens == ("New Zealand", "10\x85km")
    path.write_text("O grey\nB-ROCK granite\n")
    with pytest.raises(InputError, match="its first column holds labels"):
        read_labelled(path)


def test_a_table_in_place_of_labelled_tokens_is_told_how_classes_are_learned(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text("abstract,subject\n")
    with pytest.raises(
        InputError, match=r"expected TOKEN LABEL; --data\.label names the classes of documents"
    ):
        read_labelled(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("granite B-ROCK\ngneiss ROCK\n", "labels B-ROCK and ROCK are of two schemes"),
        ("granite O\n", "no token has a label of an entity"),
        ("granite\n", "line 1: 'granite' has no label"),
        ("  \n", "is empty"),
    ],
)
def test_what_is_no_labelled_file_is_told_in_a_line(tmp_path, text, words):
    path = tmp_path / "labelled.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_labelled(path)


def test_names_of_the_simulated_test_are_never_in_its_training():
    names = [
        {
            t
            for s in simulate(400, 3, held)
            for t, label in zip(s.tokens, s.labels, strict=True)
            if "STRAT" in label
        }
        for held in (False, True)
    ]
    invented = [{name for name in own if name.lower() not in _known(own)} for own in names]
    shared = invented[0] & invented[1]
    assert (
        shared
        <= {"Formation", "Group", "Member", "Beds"} | {name for name in shared if name.islower()} | _rocks()
    )
    assert len(invented[0]) > 50


def _known(names):
    return {name.lower() for name in names if name.islower()}


def _rocks():
    from terrella.literature.corpus.synthetic import _ROCKS

    return {rock.capitalize() for rock in _ROCKS}


def test_the_simulated_truth_depends_on_context_alone():
    kinds = {}
    for sentence in simulate(2000, 0):
        for start, end, kind in sentence.spans:
            if end == start + 1:
                kinds.setdefault(sentence.tokens[start], set()).add(kind)
    assert sum({"PLACE", "STRAT"} <= own for own in kinds.values()) > 50


def test_splits_share_no_sentence_and_dev_files_are_learned_from_too(tmp_path):
    data = DataSettings(sentences=400)
    corpus = open_corpus(data, ignore)
    made = simulate(400, 0)
    assert sorted((*corpus.train, *corpus.dev), key=str) == sorted(made, key=str)
    for name, sentences in (("a", made[:300]), ("b", made[300:])):
        rows = ("\n".join(map(" ".join, zip(s.tokens, s.labels, strict=True))) for s in sentences)
        (tmp_path / name).write_text("\n\n".join(rows))
    files = DataSettings(train=(str(tmp_path / "a"),), dev=(str(tmp_path / "b"),))
    corpus = open_corpus(files, ignore)
    splits = [corpus.train, corpus.dev, corpus.test]
    assert sum(map(len, splits)) == 400
    assert set(corpus.dev) <= set(made[300:])
    assert len(corpus.test) == pytest.approx(30, abs=15)
    assert len(corpus.dev) == pytest.approx(33, abs=16)
    few = DataSettings(train=(str(tmp_path / "a"),), test=(str(tmp_path / "c"),))
    (tmp_path / "c").write_text("granite B-ROCK\n")
    (tmp_path / "a").write_text("granite B-ROCK\n")
    with pytest.raises(InputError, match=r"the split (train|dev) would hold no entity"):
        open_corpus(few, ignore)


def test_real_files_have_the_entities_that_their_authors_count(shared_data):
    folder = shared_data / "literature"
    bgs = read_labelled(folder / "bgs_bgs.3class.geo-testing-data.txt").sentences
    kinds = list(itertools.chain.from_iterable([span.kind for span in s.spans] for s in bgs))
    assert (len(bgs), kinds.count("LEXICON"), kinds.count("CHRONOSTRAT")) == (594, 428, 74)
    assert len(read_labelled(folder / "ozrock/test.txt").sentences) == 1025
