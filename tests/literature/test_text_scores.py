"""ROUGE against Lin's definition, and summaries and searches scored on texts of one's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from literature_cases import run

from terrella.literature.texts.read import Document
from terrella.literature.use.rouge import rouge_l, rouge_n, rouge_words
from terrella.literature.use.scoring import queries_of, searched

WORDS = st.lists(st.sampled_from("abcd"), max_size=12)


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        ("police kill the gunman", 0, 3 / 4),
        ("the gunman kill police", 0, 2 / 4),
        ("the gunman police killed", 0, 2 / 4),
        ("police kill the gunman", 2, 1 / 3),
        ("the gunman kill police", 2, 1 / 3),
        ("the gunman police killed", 2, 2 / 3),
        ("police kill the gunman", 1, 3 / 4),
    ],
)
def test_rouge_is_that_of_lin_s_own_example(text, n, expected):
    reference = rouge_words(
        "Police killed the gunman."
    )  # his section 3.1; all have four words, so that R = P = F1
    words = rouge_words(text)
    assert (rouge_n(words, [reference], n) if n else rouge_l(words, [reference])) == pytest.approx(expected)


def test_repeated_words_count_as_often_as_the_reference_has_them_and_the_best_reference_counts():
    assert rouge_n(["a"] * 7, [["a", "b"]], 1) == pytest.approx(2 * 1 / 9)
    assert rouge_n(["a", "b"], [["c"], ["a", "b", "c", "d"]], 1) == pytest.approx(2 * 2 / 6)
    assert rouge_l([], [["a"]]) == rouge_n([], [[]], 1) == rouge_l(["a"], []) == 0


@given(WORDS, WORDS)
def test_the_common_subsequence_is_that_of_the_table(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first, 1):
        for j, b in enumerate(second, 1):
            table[i][j] = table[i - 1][j - 1] + 1 if a == b else max(table[i - 1][j], table[i][j - 1])
    expected = 2 * table[-1][-1] / max(len(first) + len(second), 1)
    assert rouge_l(first, [second]) == pytest.approx(expected)
    assert rouge_l(first, [second]) == rouge_l(second, [first])


def paper(number):
    """Return a paper whose title says what its second sentence says."""
    own = f"rock{number} mineral{number}"
    body = f"Weather was fine in June. The {own} lies here. It was found there. The {own} was sampled."
    return {
        "id": f"p{number}",
        "title": f"The {own} now",
        "text": body,
        "highlights": [f"The {own} lies here", "x"],
    }


def test_scores_of_own_texts_lie_beside_the_first_sentences_and_bm25(tmp_path, capsys):
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(json.dumps(paper(n)) for n in range(24)))
    out = tmp_path / "scored"
    assert run("score", path, "--reference", "highlights", "--sentences", 1, "-o", out) == 0
    scores = json.loads((out / "scores.json").read_text())
    models = {name: {k: v["value"] for k, v in own.items()} for name, own in scores["models"].items()}
    assert models["LexRank"]["rougeL"] == pytest.approx(1)
    assert models["lead-1"]["rouge1"] < 0.3
    assert models["BM25"] == {"ndcg": 1, "first": 1}
    page = (out / "report.html").read_text()
    assert "Queries are titles" in page
    assert "What LexRank gains" in page
    assert run("score", path, "--reference", "tldr", "-o", out) == 2
    assert "has no column 'tldr'" in " ".join(capsys.readouterr().err.split())
    path.write_text(json.dumps(paper(1)))
    assert run("score", path, "-o", out) == 2
    assert "has 1 documents; at least 20 are needed" in " ".join(capsys.readouterr().err.split())


def test_without_titles_a_sentence_is_asked_for_that_its_document_has_no_more():
    texts = [" ".join(f"Word{n} stands on page{n} as number{k}." for k in range(3)) for n in range(25)]
    queries = queries_of([Document(str(n), text, body=text) for n, text in enumerate(texts)])
    assert queries.asked[3] == "Word3 stands on page3 as number1."
    assert "number1" not in queries.texts[3]
    assert queries.what == "sentences taken out of their documents"
    assert searched(queries)["BM25"]["first"][0] == 1
