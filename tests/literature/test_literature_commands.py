"""`terrella literature` as a user types it."""

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from literature_cases import SMALL, run

from terrella.engine.compress.forms import as_onnx
from terrella.engine.use.bundle import load_bundle, save_bundle
from terrella.literature.compressing import compression, network_of
from terrella.literature.corpus.labelled import read_labelled
from terrella.literature.corpus.spans import Span
from terrella.literature.corpus.synthetic import simulate
from terrella.literature.demo import demo_settings
from terrella.literature.learning.finishing import MODELS
from terrella.literature.learning.training import stages
from terrella.literature.model import load_model
from terrella.literature.settings import LiteratureSettings
from terrella.literature.use.gated import gated

CSV = """id,title,abstract
a,Gold of Karrow,"The Karrow Formation overlies granite of Jurassic age. Gold occurs in veins at Karrow Bay."
b,,"Basalt contains olivine, some pyrite and rare gold."
c,,
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert run("train", "--run", folder, "--no-plan", *SMALL) == 0
    return folder


@pytest.fixture(scope="module")
def judged(trained):
    assert run("judge", "--run", trained) == 0
    return trained


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_training_leaves_its_run_and_is_not_done_twice(trained, capsys):
    for name in ("settings.toml", "events.jsonl", "metrics.csv", "model/model.safetensors", "model/card.md"):
        assert (trained / name).is_file()
    assert run("train", "--run", trained) == 0
    assert "this training is finished" in said(capsys)


def test_judging_leaves_scores_beside_baselines_and_a_report(judged, capsys):
    document = json.loads((judged / "scores.json").read_text())
    assert list(document["models"]) == list(MODELS)
    for own in document["models"].values():
        assert own["f1"]["low"] <= own["f1"]["value"] <= own["f1"]["high"]
    assert document["models"]["gazetteer"]["f1"]["value"] < document["models"]["CRF"]["f1"]["value"]
    page = (judged / "report.html").read_text()
    for words in ("The network's first errors", "What the network gains", "wrong borders"):
        assert words in page.replace("&#39;", "'")
    assert run("show", judged) == 0
    shown = capsys.readouterr().out
    assert "F1 above that of the gazetteer by" in shown
    assert f"predict uses: {document['trusted']}" in shown


def test_a_bundle_gives_what_was_trained_and_the_trusted_model_predicts(trained):
    model = load_model(trained)
    tokens = [sentence.tokens for sentence in simulate(20, 4)]
    assert model.labels_for(tokens) == model.labels_for(tokens, model.trusted)
    assert model.kinds == ("AGE", "MINERAL", "PLACE", "ROCK", "STRAT")
    assert model.labels_for(tokens, "gazetteer") != model.labels_for(tokens, "CRF")


def test_predictions_have_places_in_the_text_and_edges_their_sentences(trained, tmp_path, capsys):
    (tmp_path / "texts.csv").write_text(CSV)
    out = tmp_path / "found"
    for _ in range(2):  # what a prediction wrote may be replaced
        assert run("predict", tmp_path / "texts.csv", "--bundle", trained, "-o", out, "--sentences", 1) == 0
    printed = capsys.readouterr()
    assert "documents without a text are left out: row 4" in " ".join(printed.err.split())
    texts = pd.read_csv(out / "documents.csv").set_index("document")["text"]
    entities = pd.read_csv(out / "entities.csv")
    assert len(entities) > 3
    for row in entities.itertuples():
        assert texts[row.document][row.start : row.end] == row.text
    assert entities["probability"].between(0, 1).all()
    graph = json.loads((out / "graph.json").read_text())
    for edge in graph["edges"]:
        for told in edge["evidence"]:
            assert texts[told["document"]][told["start"] : told["end"]] == told["sentence"]
    assert len(nx.read_graphml(out / "graph.graphml")) == len(graph["nodes"])
    assert set(pd.read_csv(out / "summaries.csv")["document"]) == {"a", "b"}
    assert pd.read_csv(out / "phrases.csv")["rank"].max() <= 10


def test_a_folder_with_other_files_is_not_replaced(trained, tmp_path, capsys):
    (tmp_path / "texts.csv").write_text(CSV)
    assert run("predict", tmp_path / "texts.csv", "--bundle", trained, "-o", tmp_path) == 2
    assert "holds other files, such as texts.csv" in said(capsys)
    assert (tmp_path / "texts.csv").is_file()
    assert run("predict", tmp_path / "texts.csv", "--bundle", trained, "-o", tmp_path / "a.csv") == 2
    assert "expected the name of a folder" in said(capsys)


def test_an_empty_document_is_refused_in_a_line(trained, tmp_path, capsys):
    (tmp_path / "empty.txt").write_text("\n")
    assert run("predict", tmp_path / "empty.txt", "--bundle", trained, "-o", tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "empty.txt is empty; expected a text" in " ".join(told.split())
    assert not (tmp_path / "out").exists()


def test_data_writes_a_file_that_is_read_back_and_judged_on(judged, tmp_path, capsys):
    sentences = simulate(30, 9)
    plain = (
        "\n".join(f"{t}\t{k[2:] or 'O'}" for t, k in zip(s.tokens, s.labels, strict=True)) for s in sentences
    )
    (tmp_path / "plain.txt").write_text("\n\n".join(plain))
    assert run("data", tmp_path / "plain.txt", "-o", tmp_path / "bio.txt") == 0
    assert "a run of one kind is one entity" in " ".join(capsys.readouterr().out.split())
    assert read_labelled(tmp_path / "bio.txt").sentences == read_labelled(tmp_path / "plain.txt").sentences
    assert run("judge", tmp_path / "bio.txt", "--run", judged, "--judge.resamples", 10) == 0
    assert json.loads((judged / "scores.json").read_text())["data"] == "bio.txt"
    (tmp_path / "other.txt").write_text("Hutton B-PERSON\n")
    capsys.readouterr()
    assert run("judge", tmp_path / "other.txt", "--run", judged) == 2
    assert "has the kinds PERSON, the model AGE" in said(capsys)


def test_a_search_prints_documents_best_first(tmp_path, capsys):
    (tmp_path / "texts.csv").write_text(CSV)
    assert run("search", "olivine in basalt", tmp_path / "texts.csv", "--number", 1) == 0
    assert capsys.readouterr().out.split()[2] == "b"
    assert run("search", "dinosaur", tmp_path / "texts.csv") == 2
    assert "none of the words of 'dinosaur'" in said(capsys)


def test_a_plan_without_data_says_what_it_assumes():
    (spec,) = stages(LiteratureSettings(), None, 50)
    assert (spec.need.samples, spec.need.assumed) == (50, "8,000 words, 13 labels")
    batch = spec.need.step.make_batch(2)
    assert float(spec.need.step.loss(spec.need.step.make_network(), batch).detach()) > 0


def test_the_demo_takes_real_sentences_where_some_are_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("TERRELLA_DATA", str(tmp_path))
    settings, words = demo_settings(0, None)
    assert settings.data.train == ("simulated",)
    assert "simulated sentences" in words
    (tmp_path / "literature").mkdir()
    for name in ("training", "testing"):
        (tmp_path / f"literature/bgs_bgs.3class.geo-{name}-data.txt").touch()
    settings = demo_settings(0, None)[0]
    assert settings.data.test[0].endswith("testing-data.txt")
    assert demo_settings(0, "own.txt")[0].data.train == ("own.txt",)


def test_with_words_left_out_a_field_is_that_of_unknown_words(trained):
    joint = load_model(trained).joint
    joint = replace(joint, weights=(0.7, 0.4, 0.5), doubt=0.3)
    sentences = [sentence.tokens for sentence in simulate(4, 4)]
    number = 2
    field = gated(joint, sentences, number)
    assert set(field.sentence) > {number}  # others are read in the same window
    draw = np.random.default_rng(0)
    for share in (1.0, 0.0, 0.6, 0.6):
        kept = draw.random(len(field.token)) < share
        left = [list(own) for own in sentences]
        for sentence, token, there in zip(field.sentence, field.token, kept, strict=True):
            left[sentence][token] = left[sentence][token] if there else ""
        probabilities = joint.probabilities(left)[number]
        for at, label in ((0, "B-ROCK"), (len(left[number]) - 1, "B-PLACE")):
            # A last word that begins an entity is one; elsewhere the next word must not go on with it.
            with torch.no_grad():
                odds = field.answer(
                    joint.network, torch.from_numpy(kept)[None].double(), Span(at, at + 1, label[2:])
                )
            column = joint.wide.labels.index(label)
            expected = float(probabilities[at, column])
            if at:
                assert float(torch.sigmoid(odds)) == pytest.approx(expected, abs=1e-4)
            else:
                assert float(torch.sigmoid(odds)) <= expected + 1e-4


def test_an_entity_is_explained_by_words(trained, tmp_path, capsys):
    pytest.importorskip("captum")
    (tmp_path / "texts.csv").write_text(CSV.replace("c,,", 'c,,"It costs $5 and $6."'))
    typed = ("explain", tmp_path / "texts.csv", "--bundle", trained, "-o", tmp_path / "why.csv")
    assert run(*typed, "--document", "b", "--words", "olivine", "--kind", "MINERAL") == 0
    shown = capsys.readouterr().out
    assert "olivine as MINERAL, sentence 0 of b" in " ".join(shown.split())
    table = pd.read_csv(tmp_path / "why.csv")
    assert set(table["token"]) > {"Gold", "olivine", "$"}
    assert table.loc[table["adds"].abs().idxmax(), "token"] == "olivine"
    assert (tmp_path / "why_words.png").is_file()
    for more, words in (
        (["--document", "z"], "has a, b, c"),
        (["--sentence", 9], "a has 3 sentences, from 0 on"),
        (["--words", "granite gold"], "has these words, one after the other"),
        (["--kind", "COLOUR"], "knows AGE, MINERAL, PLACE, ROCK, STRAT"),
        (["--document", "c"], "finds no entity there; say which words by --words"),
        (["--column", "notes"], "has no column 'notes'"),
    ):
        assert run(*typed, *more) == 2
        assert words in said(capsys)


def test_a_network_in_bfloat16_labels_the_same_words(trained, tmp_path):
    bundle = load_bundle(trained, "literature")
    tokens = [sentence.tokens for sentence in simulate(20, 4)]
    tensors = {
        name: each.bfloat16() if compression.weights(name) else each for name, each in bundle.tensors.items()
    }
    save_bundle(tmp_path, replace(bundle, tensors=tensors, form="bf16"))
    full, small = load_model(trained), load_model(tmp_path)
    assert small.labels_for(tokens, "CRF") == full.labels_for(tokens, "CRF")
    pairs = zip(full.labels_for(tokens, "network"), small.labels_for(tokens, "network"), strict=True)
    assert sum(one == other for one, other in pairs) >= 18
    largest = max(np.abs(each).max() for each in full.joint.emissions(tokens))
    for one, other in zip(full.joint.emissions(tokens), small.joint.emissions(tokens), strict=True):
        np.testing.assert_allclose(one, other, atol=0.03 * largest)


def test_fields_words_and_transitions_stay_beside_an_onnx_model(trained):
    bundle = load_bundle(trained, "literature")
    ways = replace(compression, onnx=lambda network, given: b"a model")
    small = as_onnx(ways, network_of(bundle), bundle, "onnx", list)
    assert {*bundle.tensors} - {*small.tensors} == {*network_of(bundle).state_dict()} - {"transitions"}
