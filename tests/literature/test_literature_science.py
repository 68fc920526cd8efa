"""Fields, windows, the network's likelihood, scores, and what is made of entities: known answers."""

import itertools

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from terrella.engine.judge.comparing import intervals, larger_by
from terrella.literature.corpus.spans import Sentence, label_set
from terrella.literature.corpus.synthetic import KINDS, simulate
from terrella.literature.learning.joint import Joint, chosen
from terrella.literature.learning.network import EntityNetwork, Reader, minus_log_likelihood, taken
from terrella.literature.learning.windows import WINDOW, packed, samples_of, vocabulary_of
from terrella.literature.models.chain import decode, marginals
from terrella.literature.models.crf import fit_crf
from terrella.literature.models.features import shape_of, textbook, wide
from terrella.literature.models.gazetteer import fit_gazetteer
from terrella.literature.scores import counts_of, f1_of, resampled
from terrella.literature.texts.read import Document
from terrella.literature.texts.tokens import sentences_of
from terrella.literature.use.entities import Entity, Read
from terrella.literature.use.graph import as_json, entity_graph, without_lists
from terrella.literature.use.phrases import key_phrases
from terrella.literature.use.search import by_both, by_meaning, by_words, make_index, ndcg
from terrella.literature.use.summary import lead, summary

LABELS = label_set(KINDS)


@pytest.fixture(scope="module")
def chain():
    draw = np.random.default_rng(0)
    return draw.normal(size=(5, 3)).astype(np.float32), draw.normal(size=(3, 3)).astype(np.float32)


def every_path(emissions, transitions):
    paths = list(itertools.product(range(3), repeat=len(emissions)))
    scores = [
        sum(emissions[t, y] for t, y in enumerate(path))
        + sum(transitions[a, b] for a, b in itertools.pairwise(path))
        for path in paths
    ]
    return paths, np.array(scores, float)


def test_inference_on_a_chain_is_that_of_all_its_paths(chain):
    paths, scores = every_path(*chain)
    assert tuple(decode(*chain)) == paths[int(scores.argmax())]
    share = np.exp(scores - logsumexp(scores))
    expected = [[share[[path[t] == y for path in paths]].sum() for y in range(3)] for t in range(5)]
    assert np.allclose(marginals(*chain), expected, atol=1e-6)


def test_the_loss_is_minus_ln_of_a_path_s_share(chain):
    emissions, transitions = (torch.from_numpy(each) for each in chain)
    paths, scores = every_path(*chain)
    label, here = torch.tensor([[0, 2, 1, 1, 0, 0, 0]]), torch.tensor([[1.0] * 5 + [0.0] * 2])
    padded = torch.cat([emissions, torch.full((2, 3), 9.0)])[None]
    found = minus_log_likelihood(padded, transitions, label, here)
    expected = logsumexp(scores) - scores[paths.index((0, 2, 1, 1, 0))]
    assert float(found) == pytest.approx(expected / 5, rel=1e-5)


def test_our_inference_agrees_with_crfsuite_s(tmp_path):
    import pycrfsuite

    sentences = simulate(80, 1)
    ours = fit_crf(sentences, "textbook", True, LABELS, 0.1, 0.1)
    trainer = pycrfsuite.Trainer(verbose=False)
    for sentence in sentences:
        trainer.append(textbook(sentence.tokens, True), sentence.labels)
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100, "feature.possible_transitions": True})
    trainer.train(str(tmp_path / "crf"))
    theirs = pycrfsuite.Tagger()
    theirs.open(str(tmp_path / "crf"))
    for sentence in simulate(30, 1, held_out=True):
        seen = textbook(sentence.tokens, True)
        assert list(ours.labels_for(sentence.tokens)) == theirs.tag(seen)
        theirs.set(seen)
        for at in range(len(sentence.tokens)):
            expected = [theirs.marginal(label, at) if label in theirs.labels() else 0 for label in LABELS]
            assert np.allclose(ours.probabilities(sentence.tokens)[at], expected, atol=1e-4)


def test_a_label_that_no_sentence_has_is_never_given():
    sentences = [s for s in simulate(80, 1) if not any("AGE" in label for label in s.labels)]
    crf = fit_crf(sentences, "wide", True, LABELS, 0.0, 1.0)
    assert not any("AGE" in label for s in simulate(60, 2) for label in crf.labels_for(s.tokens))


def test_features_do_not_see_capitals_where_the_training_has_none():
    for features in (textbook, wide):
        assert features(["Lias", "Group"], False) == features(["lias", "GROUP"], False)
        assert features(["Lias", "Group"], True) != features(["lias", "GROUP"], True)
    assert shape_of("NO76NW") == "XXddXX"


def test_a_gazetteer_takes_the_longest_name_and_its_commonest_kind():
    sentences = [
        Sentence(("Perth", "Basin"), ("B-STRAT", "I-STRAT")),
        *[Sentence(("Perth",), (kind,)) for kind in ("B-PLACE", "B-PLACE", "B-STRAT")],
    ]
    gazetteer = fit_gazetteer(sentences)
    assert gazetteer.labels_for(["near", "perth", "basin", "and", "Perth"]) == (
        "O",
        "B-STRAT",
        "I-STRAT",
        "O",
        "B-PLACE",
    )


def test_windows_hold_every_token_once_and_borders_between_sentences():
    lengths = [10, 53, 1, 64, 150, 5]
    sentences = [tuple(f"w{n}_{k}" for k in range(length)) for n, length in enumerate(lengths)]
    windows = packed(sentences)
    seen = [(p.sentence, p.begin + k) for window in windows for p in window for k in range(p.length)]
    assert sorted(seen) == [(n, k) for n, length in enumerate(lengths) for k in range(length)]
    for window in windows:
        assert window[-1].at + window[-1].length <= WINDOW
        assert all(b.at == a.at + a.length + 1 for a, b in itertools.pairwise(window))


def network_for(vocabulary):
    torch.manual_seed(0)
    reader = Reader(len(vocabulary.words) + 3, len(vocabulary.letters) + 2, 8, 8, 0.0)
    return EntityNetwork(reader, len(LABELS)).eval()


@torch.no_grad()
def test_what_lies_beyond_a_window_s_tokens_does_not_count():
    sentences = simulate(12, 0)
    vocabulary = vocabulary_of([s.tokens for s in sentences], True)
    given = samples_of(sentences, LABELS, vocabulary)
    network = network_for(vocabulary)
    row = int((given["here"].sum(1) < WINDOW).nonzero()[0])
    end = int(given["here"][row].sum())
    one = {name: values[row : row + 1] for name, values in given.items()}
    label, here = one["label"], one["here"]
    emitted, transitions = network(*taken(one))
    loss = minus_log_likelihood(emitted, transitions, label, here)
    emitted[:, end:] = 100
    assert float(minus_log_likelihood(emitted, transitions, label, here)) == float(loss)


def test_a_joint_field_without_a_share_is_the_wider_field_and_the_best_is_chosen():
    sentences = simulate(120, 0)
    vocabulary = vocabulary_of([s.tokens for s in sentences], True)
    crf = fit_crf(sentences, "wide", True, LABELS, 0.0, 1.0)
    small = fit_crf(sentences, "textbook", True, LABELS, 0.1, 0.1)
    tokens = [s.tokens for s in simulate(40, 5)]
    network = network_for(vocabulary)
    joint = Joint(network, network.transitions.detach().numpy(), vocabulary, crf, small)
    assert joint.labels_for(tokens) == [crf.labels_for(own) for own in tokens]
    assert all(np.allclose(each.sum(1), 1, atol=1e-5) for each in joint.probabilities(tokens))
    dev = simulate(40, 5)
    best = chosen(joint, dev, False)
    assert best.doubt == 0
    assert f1_of(dev, best.labels_for(tokens)) >= f1_of(dev, [crf.labels_for(own) for own in tokens])


def test_scores_count_exact_spans_and_kinds():
    sentences = [
        Sentence(("a", "b", "c"), ("B-ROCK", "I-ROCK", "B-AGE")),
        Sentence(("d", "e"), ("B-AGE", "O")),
    ]
    given = [("B-ROCK", "O", "B-AGE"), ("B-ROCK", "B-ROCK")]
    counts = counts_of(sentences, given)
    assert (counts.hit.sum(), counts.given.sum(), counts.true.sum()) == (1, 4, 3)
    assert f1_of(sentences, given) == pytest.approx(2 / 7)
    labels = {"ours": [s.labels for s in sentences] * 20, "other": given * 20}
    found = resampled(sentences * 20, labels, 50)
    scores, pairs = intervals(found), larger_by(found, "ours")
    assert scores["ours"]["f1"].low == scores["ours"]["f1"].value == 1
    assert scores["other"]["precision"].value == pytest.approx(1 / 4)
    assert scores["other"]["macro_f1"].value == pytest.approx((0 + 2 / 3) / 2)
    assert next(gain.low for score, _, _, gain in pairs if score == "f1") > 0.5


def read_of(*texts):
    """Return documents whose entities are the words in capitals."""
    found = []
    for number, text in enumerate(texts):
        sentences = sentences_of(text)
        entities = [
            Entity(number, row, t.start, t.end, t.text, "ROCK", 0.9)
            for row, tokens in enumerate(sentences)
            for t in tokens
            if t.text.isupper() and len(t.text) > 1
        ]
        found.append(Read(Document(f"d{number}", text), sentences, entities))
    return found


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("The CHALK overlies GAULT here.", ("chalk", "overlies", "gault")),
        ("The GAULT is overlain by CHALK.", ("chalk", "overlies", "gault")),
        ("GRANITE is cut by DYKES.", ("dyke", "intrudes", "granite")),
        ("TUFF consists of GLASS.", ("tuff", "contains", "glass")),
        ("TUFF was seen, and GLASS.", ("glass", "with", "tuff")),
    ],
)
def test_an_edge_says_how_two_entities_stand_and_by_which_sentence(text, edge):
    graph = entity_graph(read_of(f"First. {text}"))
    ((source, target, values),) = graph.edges(data=True)
    assert (source.split("|")[0], values["relation"], target.split("|")[0]) == edge
    assert values["sentence"] == text
    assert f"First. {text}"[values["start"] : values["end"]] == text


def test_what_is_said_of_a_list_is_said_of_each_and_of_nothing_further_on():
    graph = entity_graph(read_of("TUFF contains GLASS, OPAL and LAPILLI, which are of JURASSIC age."))
    said = {(a.split("|")[0], v["relation"], b.split("|")[0]) for a, b, v in graph.edges(data=True)}
    assert {("tuff", "contains", each) for each in ("glass", "opal", "lapilli")} <= said
    assert ("jurassic", "with", "tuff") in said


def test_a_graph_joins_mentions_and_is_read_back_from_graphml(tmp_path):
    graph = entity_graph(read_of("TUFFS overlies LIAS.", "A TUFF overlies the LIAS. TUFF\x0b is here."))
    assert graph.nodes["tuff|ROCK"]["mentions"] == 3
    nx.write_graphml(without_lists(graph), tmp_path / "graph.graphml")
    back = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    (edge,) = as_json(graph)["edges"]
    assert edge["times"] == 2
    assert [each["document"] for each in edge["evidence"]] == ["d0", "d1"]


def test_key_phrases_are_frequent_here_and_rare_elsewhere():
    texts = [
        "Sheeted dykes cut the lava. Sheeted dykes trend north. The lava is old.",
        "The lava is old. Reef limestone is white.",
        "The lava flows. Coal is black.",
    ]
    found = key_phrases(read_of(*texts), 2)
    assert found[0][0].text == "Sheeted dykes"
    assert found[0][0].times == 2
    assert "SHEETED TUFF" not in [p.text for own in key_phrases(read_of("SHEETED TUFF cut"), 9) for p in own]


def test_a_summary_takes_what_others_repeat_and_no_sentence_twice():
    sentences = [
        "Weather was fine.", "Gold veins cut the granite.", "The granite holds gold veins.",
        "Granite with gold is old.", "Gold veins cut the granite.",
    ]  # fmt: skip
    taken = summary(sentences, 2)
    assert taken == sorted(taken)
    assert 0 not in taken
    assert not {1, 4} <= set(taken)
    assert lead(sentences, 2) == [0, 1]
    assert summary(["The of.", "And so."], 3) == [0, 1]


def test_bm25_and_ndcg_have_their_known_values():
    index = make_index(["gold gold tin", "tin", "lead lead lead lead"])
    length = np.array([3, 1, 4]) / (8 / 3)
    rare = np.log(1 + 2.5 / 1.5)
    expected = rare * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * length[0]))
    assert by_words(index, "the gold of") == pytest.approx([expected, 0, 0])
    relevance = np.array([0.0, 1.0, 0.0])
    assert ndcg(np.array([3.0, 2.0, 1.0]), relevance) == pytest.approx(1 / np.log2(3))
    assert ndcg(relevance, relevance) == pytest.approx(1)


def test_meaning_finds_documents_that_do_not_have_the_word():
    ore, sea = "gold quartz vein lode", "reef coral lagoon lime"
    draw = np.random.default_rng(0)
    texts = [
        " ".join(draw.choice(words.split(), 3, replace=False)) for words in (ore, sea) for _ in range(30)
    ]
    index = make_index(texts)
    relevance = np.array([1.0] * 30 + [0.0] * 30)
    without = np.array(["gold" not in text for text in texts]) & (relevance > 0)
    assert without.sum() > 5
    assert (by_words(index, "gold")[without] == 0).all()
    assert ndcg(by_meaning(index, "gold"), relevance, 60) > 0.99
    assert ndcg(by_both(index, "gold"), relevance, 60) > 0.99
