"""The user's own texts: formats, encodings, sentences and tokens, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.formats.encoding import decoded
from terrella.literature.texts.read import read_texts
from terrella.literature.texts.tokens import keeps_hyphens, sentences_of

BIB = r"""@comment{none}
@article{Mueller2001,
  title = "{G}old in the {Yilgarn} {\"O}lberg",
  author = {M{\"u}ller, H. and Ozdo\u{g}an},
  abstract = {Gold occurs with {pyrite}~at 5\% of sites.},
  year = 2001
}
@misc(empty2002, note = {nothing})
@article{only_title, title = {A granite}}
"""


def written(tmp_path, name, text, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_every_format_gives_documents(tmp_path):
    csv = written(tmp_path, "a.csv", 'id;Title;Abstract\n7;Gold;"Veins; of\ngold"\n8;;Tin.\n9;;\n')
    texts = read_texts(csv)
    assert [(d.name, d.text) for d in texts.documents] == [("7", "Gold.\n\nVeins; of\ngold"), ("8", "Tin.")]
    assert "1 documents without a text are left out: row 4" in texts.findings
    lines = written(tmp_path, "a.jsonl", '{"doi": "10/x", "text": "Tin é"}\n\n{"text": "Lead", "n": 3}\n')
    assert [(d.name, d.text) for d in read_texts(lines).documents] == [("10/x", "Tin é"), ("line 3", "Lead")]
    bib = read_texts(written(tmp_path, "a.bib", BIB))
    assert [d.name for d in bib.documents] == ["Mueller2001", "only_title"]
    assert bib.documents[0].text == "Gold in the Yilgarn Ölberg.\n\nGold occurs with pyrite at 5% of sites."
    assert any("left out: empty2002" in finding for finding in bib.findings)
    assert read_texts(written(tmp_path, "a.txt", "One text.")).documents[0].name == "a.txt"
    named = written(tmp_path, "b.csv", "key,notes\nk,Zinc\n")
    assert read_texts(named, column="notes").documents[0].text == "Zinc"


RIS = """Record #1 of 3
TY  - JOUR
ID  - mueller01
T1  - Gold in the Yilgarn
N2  - Gold occurs
with pyrite - ER  - at 5 %
      of sites.
KW  - gold
KW  - pyrite
ER  -

TY  - JOUR
TI  - Tin
AB  - Of granites.
DO  - 10/x
ER  -
TY  - BOOK
TI  - Lead
"""
NBIB = """PMID- 123
TI  - Zinc in
      sediments.
LID - 10.1/z [doi]
AB  - Zinc is
      common.

PMID- 124
TI  - Lead
"""


def test_records_with_tags_are_documents(tmp_path):
    found = read_texts(written(tmp_path, "a.ris", RIS))
    assert [d.name for d in found.documents] == ["mueller01", "line 12", "line 17"]
    assert found.documents[0].text == (
        "Gold in the Yilgarn.\n\nGold occurs with pyrite - ER  - at 5 % of sites."
    )
    assert found.documents[1].text == "Tin.\n\nOf granites."
    assert any("the record in line 17 does not end" in finding for finding in found.findings)
    labelled = read_texts(written(tmp_path, "a.ris", RIS), label="keywords").documents
    assert [d.label for d in labelled] == ["gold; pyrite"]
    pubmed = read_texts(written(tmp_path, "a.nbib", NBIB)).documents
    assert [(d.name, d.text) for d in pubmed] == [
        ("123", "Zinc in sediments.\n\nZinc is common."),
        ("124", "Lead."),
    ]
    with pytest.raises(InputError, match="no record; expected lines with tags, the first of a record TY"):
        read_texts(written(tmp_path, "b.ris", "FN Clarivate\nVR 1.0\nPT J\n"))


def test_bibtex_joins_values_and_knows_its_letters(tmp_path):
    bib = r"""@string{bif = "banded iron formation"}
@article{a, month = may # "~10",
  title = {{\AA}ngstr{\"o}m in Troms{\o}, Mal\'{\i}, {\L}\'od\'z and Ia\c{s}i---100\%},
  abstract = "Of " # bif # { and gr{\"u}n{\ss}chiefer}, year = 2001}
@article(b, title = {Tin}, year = 1999)"""
    found = read_texts(written(tmp_path, "a.bib", bib)).documents
    assert found[0].text == (
        "Ångström in Tromsø, Malí, Łódź and Iaşi—100%.\n\nOf banded iron formation and grünßchiefer"
    )
    assert [each.text for each in found[1:]] == ["Tin."]


def test_json_lines_hold_marks_that_break_no_line_and_lists_of_paragraphs(tmp_path):
    lines = '{"title": ["Gold"], "text": "one\u2028two\x85three"}\r\n{"text": ["a", "b"]}\r\n'
    found = read_texts(written(tmp_path, "a.jsonl", lines)).documents
    assert [each.text for each in found] == ["Gold.\n\none\u2028two\x85three", "a\n\nb"]


def test_a_long_text_and_a_mark_beside_a_named_encoding(tmp_path):
    path = written(tmp_path, "a.csv", "text\n" + "granite " * 20_000 + "\n", "utf-8-sig")
    assert len(read_texts(path, "utf-8").documents[0].text) == 159_999


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b" \n\n", "is empty"),
        ("a.txt", "Größe der Körner".encode("cp1252"), "is not utf-8: byte 0xf6 in line 1; it looks like cp1252"),
        ("a.txt", "\nGranit, größer".encode("utf-16-le"), "it looks like utf-16-le; give --encoding utf-16-le"),
        ("a.txt", ("Гранит и базальт в долине. " * 4).encode("cp1251"), "it looks like cp1251"),
        ("a.txt", "Гранит".encode("cp1251"), "in line 1; say which encoding it has with --encoding"),
        ("a.txt", "Größe, Körner, Flüsse, Öl, ".encode() + b"\xe9", "all but 1 places are UTF-8: mend them"),
        ("a.txt", b"\xef\xbb\xbf", "is empty"),
        ("a.txt", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3", "is a PDF; give its text"),
        ("a.json", b'{"text": "tin"}', "expected a list of JSON objects"),
        ("a.json", b'{"text": "tin"}\n{"text": "tin"}', "JSON lines are named .jsonl"),
        ("a.csv", b"id,text\n1,\n", "none of its 1 documents has a text"),
        ("a.csv", b"id,text\n", "holds no documents"),
        ("a.csv", b"id,year\n1,2\n", "has no column abstract, text, abstracts or title; it has id, year"),
        ("a.csv", b"id,text\n1,a,b\n", "row 2: 3 fields where the first row names 2"),
        ("a.csv", b'id,text\n1,"open\n', "quotes must be closed"),
        ("a.jsonl", b"{'text': 1}\n", "line 1: no JSON"),
        ("a.jsonl", b"[1]\n", "line 1: expected a JSON object"),
        ("a.jsonl", b'{"text": {"en": "Tin"}}', "line 1: text holds JSON within JSON"),
        ("a.csv", b"id,text,text\n1,a,b\n", "has two columns 'text'"),
        ("a.bib", b"@article{a, title = {Tin} {oxide}, abstract = {none}}", "the entry a goes on with '{oxide}"),
        ("a.bib", b"@article{a,\n title = {open\n", "line 2: the value that begins here is not closed"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_that_names_it(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(words)) as told:
        read_texts(path)
    assert "\n" not in str(told.value)


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_texts(tmp_path)


def test_a_list_of_objects_is_read_and_of_a_field_of_bibtex_that_comes_twice_the_first(tmp_path):
    found = read_texts(written(tmp_path, "a.json", '[{"id": "x", "text": "Tin."}, {"text": "Lead."}]'))
    assert [(each.name, each.text) for each in found.documents] == [("x", "Tin."), ("object 2", "Lead.")]
    found = read_texts(written(tmp_path, "a.bib", "@misc{a, title={One}, Title={Two}}"))
    assert found.documents[0].text == "One."
    assert found.findings[0] == "the entry a has two fields title: the first counts"


def test_where_names_alone_can_be_beyond_ascii_they_are_read_and_a_finding_says_so():
    found = decoded("code\nFÜR\r\n".encode("latin-1"), "a.csv", names=True)
    assert found.text == "code\nFÜR\n"
    assert found.findings == ("a.csv is not in UTF-8: read as Latin-1, names may be off",)
    assert decoded("code\nFÜR".encode("utf-16"), "a.csv").text == "code\nFÜR"


def test_an_encoding_that_is_given_is_used_and_one_that_is_wrong_is_told(tmp_path):
    path = written(tmp_path, "a.txt", "Größe", "cp1252")
    assert read_texts(path, "cp1252").documents[0].text == "Größe"
    with pytest.raises(InputError, match="is not ascii"):
        read_texts(path, "ascii")
    with pytest.raises(InputError, match="encoding 'klingon' is not known"):
        read_texts(path, "klingon")
    assert (
        read_texts(written(tmp_path, "b.txt", "\ufeffGröße", "utf-16-le")).documents[0].text.endswith("Größe")
    )


def test_utf8_that_was_read_as_another_encoding_is_named(tmp_path):
    twice = "fein\nGröße and 5 °C".encode().decode("cp1252")
    found = read_texts(written(tmp_path, "a.txt", twice))
    assert "3 places look like UTF-8 that was read as cp1252" in found.findings[0]
    assert "the first in line 2" in found.findings[0]
    assert not read_texts(written(tmp_path, "b.txt", "Größe, Château, Ångström, ¿no?")).findings


def test_sentences_end_where_a_reader_would_end_them():
    text = "Smith et al. (1998) mapped it. See Fig. 3 of J. Brown. Is 3.5 m thick?\n\nGold title\n\n"
    text += "U.S. deposits. Next."
    found = [" ".join(token.text for token in sentence) for sentence in sentences_of(text)]
    assert found == [
        "Smith et al . ( 1998 ) mapped it .", "See Fig . 3 of J . Brown .", "Is 3.5 m thick ?", "Gold title",
        "U.S. deposits .", "Next .",
    ]  # fmt: skip


@given(st.text(max_size=120))
def test_tokens_lie_where_they_say_and_nothing_is_lost(text):
    for hyphens in (True, False):
        tokens = [token for sentence in sentences_of(text, hyphens) for token in sentence]
        assert all(text[token.start : token.end] == token.text for token in tokens)
        assert "".join(token.text for token in tokens) == "".join(text.split())


def test_hyphens_are_kept_where_the_training_keeps_them():
    assert [t.text for t in sentences_of("fine-grained tuff", False)[0]] == ["fine", "-", "grained", "tuff"]
    assert [t.text for t in sentences_of("fine-grained tuff", True)[0]] == ["fine-grained", "tuff"]
    assert keeps_hyphens(["red-bed"])
    assert not keeps_hyphens(["red", "-", "bed", "10-20"])
