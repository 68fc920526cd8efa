"""A trained model of entities as a bundle, and what predicting needs of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_values, values_layout
from terrella.engine.use.forms import bundle_network
from terrella.errors import InputError
from terrella.literature.learning.encoder import same_encoder
from terrella.literature.learning.finishing import GAZETTEER, MODELS, NETWORK, TEXTBOOK, Finished
from terrella.literature.learning.joint import Floats, Joint
from terrella.literature.learning.training import network_of
from terrella.literature.learning.windows import SPECIAL, Vocabulary
from terrella.literature.models.crf import Crf
from terrella.literature.models.gazetteer import Gazetteer
from terrella.literature.settings import LiteratureSettings

TASK = "literature"
_LAYOUT = values_layout(
    TASK,
    labels=tuple[str, ...],
    trusted=str,
    cased=bool,
    hyphens=bool,
    weights=tuple[float, float, float],
    doubt=float,
    letters=str,
    encoder=(str, ""),
)
_CRFS = "wide", "textbook"  # sets of features; the names of their tensors begin with these
TRANSITIONS = "transitions"  # of the network
BESIDE = {  # the network's tensors
    "words",
    GAZETTEER,
    *(f"{name}.{part}" for name in _CRFS for part in ("attributes", "weights", "transitions")),
}
_BETWEEN = "\n"


@dataclass(frozen=True, eq=False)
class LiteratureModel:
    """A trained model of entities ready for use.

    Parameters
    ----------
    joint : Joint
        The network and the two fields as one.
    gazetteer : Gazetteer
        The names of the training.
    trusted : str
        Which of them predicts: the network, or a classical model where that was no worse on dev.
    hyphens : bool
        Whether words of the training keep their hyphens.
    """

    joint: Joint
    gazetteer: Gazetteer
    trusted: str
    hyphens: bool
    settings: LiteratureSettings

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of entities."""
        return tuple(label[2:] for label in self.joint.wide.labels if label.startswith("B-"))

    def labels_for(
        self, sentences: Sequence[Sequence[str]], model: str | None = None
    ) -> list[tuple[str, ...]]:
        """Return labels (B-KIND, I-KIND, O) of the tokens of each sentence, by the trusted model or a named one."""
        name = model or self.trusted
        if name == NETWORK:
            return self.joint.labels_for(sentences)
        if name == GAZETTEER:
            return [self.gazetteer.labels_for(tokens) for tokens in sentences]
        field = self.joint.textbook if name == TEXTBOOK else self.joint.wide
        return [field.labels_for(tokens) for tokens in sentences]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> list[Floats] | None:
        """Return the probability of each label, (token, label), of each sentence; None of a gazetteer."""
        if self.trusted == NETWORK:
            return self.joint.probabilities(sentences)
        if self.trusted == GAZETTEER:
            return None
        one = self.joint.textbook if self.trusted == TEXTBOOK else self.joint.wide
        return [one.probabilities(tokens) for tokens in sentences]


def parts_of(found: Finished, hyphens: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and values of a bundle."""
    known = found.joint.vocabulary
    tensors = {**found.joint.network.state_dict(), "words": as_bytes(known.words)}
    for name, crf in (("wide", found.joint.wide), ("textbook", found.joint.textbook)):
        tensors[f"{name}.attributes"] = as_bytes(crf.attributes)
        tensors[f"{name}.weights"] = torch.as_tensor(crf.weights)
        tensors[f"{name}.transitions"] = torch.as_tensor(crf.transitions)
    names = [" ".join(words) + "\t" + kind for words, kind in sorted(found.gazetteer.kinds.items())]
    values = {
        "labels": list(found.joint.wide.labels), "trusted": found.choice.trusted, "cased": known.cased,
        "hyphens": hyphens, "weights": list(found.joint.weights), "doubt": found.joint.doubt,
        "letters": "".join(known.letters), "encoder": known.encoder.mark if known.encoder else "",
    }  # fmt: skip
    return {**tensors, GAZETTEER: as_bytes(names)}, values


def load_model(where: Path | str) -> LiteratureModel:
    """Return a trained model ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/literature`.

    Returns
    -------
    LiteratureModel
        Labels of sentences of tokens.

    Raises
    ------
    InputError
        Where there is no bundle, or it is damaged.
    """
    return model_of(load_bundle(Path(where), TASK))


def model_of(bundle: Bundle) -> LiteratureModel:
    """Return the model of a bundle.

    Raises:
        InputError: where the bundle is at fault.
    """
    settings = parse_settings(LiteratureSettings, bundle.settings, bundle.where)
    if settings.data.label is not None:
        raise InputError(f"{bundle.where} knows classes and finds no entities; train without --data.label")
    values = checked_values(bundle, _LAYOUT)
    if values["trusted"] not in MODELS:
        raise InputError(
            f"{bundle.where}: the value trusted is {values['trusted']!r}; copy or train it again"
        )
    words = texts_of(bundle, "words")
    encoder = same_encoder(settings.network.encoder, values.get("encoder", ""), bundle.where)
    vocabulary = Vocabulary(words, (False,) * len(words), tuple(values["letters"]), values["cased"], encoder)
    weights: Mapping[str, Tensor] = {
        name: each for name, each in bundle.tensors.items() if name not in BESIDE
    }
    labels = values["labels"]
    network: nn.Module = bundle_network(
        bundle,
        lambda: network_of(settings, len(words) + SPECIAL, len(values["letters"]) + 2, len(labels)),
        weights,
    )
    follow = checked_array(bundle, TRANSITIONS, len(labels), len(labels))
    wide, textbook = (_crf(bundle, name, values["cased"], labels) for name in _CRFS)
    listed = (each.partition("\t") for each in texts_of(bundle, GAZETTEER))
    kinds = {tuple(name.split(" ")): kind for name, _, kind in listed}
    gazetteer = Gazetteer(kinds, max(map(len, kinds), default=0))
    joint = Joint(network, follow, vocabulary, wide, textbook, values["weights"], values["doubt"])
    return LiteratureModel(joint, gazetteer, values["trusted"], values["hyphens"], settings)


def _crf(bundle: Bundle, name: str, cased: bool, labels: tuple[str, ...]) -> Crf:
    attributes = texts_of(bundle, f"{name}.attributes")
    weights = checked_array(bundle, f"{name}.weights", len(attributes), len(labels))
    transitions = checked_array(bundle, f"{name}.transitions", len(labels), len(labels))
    return Crf(name, cased, labels, attributes, weights, transitions)


def as_bytes(texts: Sequence[str]) -> Tensor:
    """Return texts as one tensor of bytes, UTF-8 with a line break between two."""
    return torch.from_numpy(np.frombuffer(_BETWEEN.join(texts).encode(), np.uint8).copy())


def texts_of(bundle: Bundle, name: str) -> tuple[str, ...]:
    """Return the texts of a tensor that `as_bytes` made.

    Raises:
        InputError: where there is none.
    """
    tensor = bundle.tensors.get(name)
    if tensor is None or tensor.dtype is not torch.uint8 or tensor.ndim != 1:
        raise InputError(
            f"{bundle.where}: the tensor {name} is missing or holds no text; copy or train it again"
        )
    try:
        return tuple(bytes(tensor.numpy()).decode().split(_BETWEEN))
    except UnicodeDecodeError:
        raise InputError(
            f"{bundle.where}: the tensor {name} holds no UTF-8; copy or train it again"
        ) from None
