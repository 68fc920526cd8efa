"""A transformer encoder from a local folder: a tiny random BERT, what it says of tokens, and what is refused."""

import shutil
import sys

import numpy as np
import pytest
import torch
from literature_cases import run

from terrella.errors import InputError
from terrella.literature.classes.model import load_classifier
from terrella.literature.corpus.synthetic import simulate
from terrella.literature.learning.encoder import context_size, open_encoder
from terrella.literature.model import load_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a BERT of two layers, whose words are letters and a few whole ones."""
    transformers = pytest.importorskip("transformers", reason="needs terrella[encoder]")
    where = tmp_path_factory.mktemp("encoder")
    letters = [chr(n) for n in range(97, 123)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "granite", ".", ",", *letters]
    words += [f"##{each}" for each in letters]
    (where / "vocab.txt").write_text("\n".join(words) + "\n")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=34,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(where)
    transformers.BertTokenizer(vocab=str(where / "vocab.txt")).save_pretrained(where)
    return where


def test_a_token_is_its_first_subword_in_its_sentence(folder):
    encoder = open_encoder(str(folder), CPU)
    assert (encoder.size, context_size(str(folder)), encoder.longest) == (12, 12, 32)
    tokens = ["the", "granite", "\u200b", "here"]
    (found,) = encoder.read([tokens])
    ids = encoder.tokenizer("the granite here", return_tensors="pt")
    with torch.no_grad():
        layers = encoder.model(**ids, output_hidden_states=True).hidden_states
    expected = (
        torch.stack(layers).mean(0)[0, [1, 4, 5]].numpy()
    )  # after [CLS]: t ##h ##e granite h ##e ##r ##e
    assert found[[0, 1, 3]] == pytest.approx(expected, abs=2e-3)
    assert (found[2] == 0).all()  # nothing is left of it


def test_texts_that_are_too_long_are_read_in_parts_and_the_order_does_not_count(folder):
    encoder = open_encoder(str(folder), CPU)
    long, short = ["granite"] * 70, ["granite", "abcdefgh"]
    first, second = encoder.read([long, short])
    assert first.shape == (70, 12)
    assert (np.abs(first).sum(1) > 0).all()
    assert second == pytest.approx(encoder.read([short])[0], abs=2e-3)


def test_a_model_of_entities_reads_an_encoder_and_asks_for_the_same_one_again(folder, tmp_path):
    encoder = tmp_path / "encoder"
    shutil.copytree(folder, encoder)
    few = ["--data.sentences", 60, "--fit.epochs", 1, "--fit.l2", 0.1, "--network.hidden", 8]
    assert run("train", "--run", tmp_path / "run", "--no-plan", *few, "--network.encoder", encoder) == 0
    model = load_model(tmp_path / "run")
    assert model.joint.vocabulary.encoder.size == 12
    tokens = [sentence.tokens for sentence in simulate(3, 4)]
    before = model.joint.emissions(tokens)
    with torch.no_grad():
        model.joint.network.reader.context.weight.zero_()
    assert not np.allclose(before[0], model.joint.emissions(tokens)[0])
    config = encoder / "config.json"
    config.write_text(config.read_text().replace('"use_cache": true', '"use_cache": false') + "\n")
    with pytest.raises(InputError, match="is not the encoder that"):
        load_model(tmp_path / "run")


def test_what_is_no_encoder_is_told_in_a_line_and_no_pickle_is_opened(folder, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file or folder"):
        context_size(str(tmp_path / "absent"))
    pickled = tmp_path / "pickled"
    shutil.copytree(folder, pickled)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model\.bin is a pickle, which is never opened"):
        open_encoder(str(pickled), CPU)
    (pickled / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(InputError, match="this encoder cannot be opened"):
        open_encoder(str(pickled), CPU)
    (pickled / "config.json").write_text("{}")
    with pytest.raises(InputError, match="not that of an encoder with a hidden_size"):
        open_encoder(str(pickled), CPU)
    deeper = tmp_path / "deeper"
    shutil.copytree(folder, deeper)
    config = (deeper / "config.json").read_text()
    (deeper / "config.json").write_text(config.replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    with pytest.raises(InputError, match=r"the weights lack encoder\.layer\.2"):
        open_encoder(str(deeper), CPU)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"needs transformers: pip install 'terrella\[encoder\]'"):
        open_encoder(str(folder), CPU)


def test_a_model_of_classes_reads_an_encoder_too(folder, tmp_path):
    few = ["--data.sentences", 80, "--fit.epochs", 1, "--network.hidden", 8, "--data.label", "kind"]
    assert run("train", "--run", tmp_path / "run", "--no-plan", *few, "--network.encoder", folder) == 0
    model = load_classifier(tmp_path / "run")
    assert model.vocabulary.encoder.size == 12
    first, second = model.logits([["granite"], ["granite"]], "network")
    assert first == pytest.approx(second, abs=1e-4)
    assert np.isfinite(first).all()
