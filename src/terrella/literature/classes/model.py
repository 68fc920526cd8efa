"""A trained model of classes: the network and the regression as one, beside the regression alone, in a bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from terrella.engine.judge.comparing import Choice, choose
from terrella.engine.judge.document import signed
from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_network, checked_values, values_layout
from terrella.errors import InputError
from terrella.literature.classes.documents import Example
from terrella.literature.classes.network import ClassNetwork
from terrella.literature.classes.regression import Regression, fit_regression
from terrella.literature.classes.scores import resampled
from terrella.literature.classes.training import Prepared, classes_of, network_of, read
from terrella.literature.learning.encoder import same_encoder
from terrella.literature.learning.network import SPECIAL
from terrella.literature.learning.windows import Vocabulary
from terrella.literature.model import TASK, as_bytes, texts_of
from terrella.literature.settings import LiteratureSettings

NETWORK, REGRESSION, COMMONEST = "network", "TF–IDF, logistic regression", "commonest class"
MODELS = NETWORK, REGRESSION, COMMONEST
_LAYOUT = values_layout(
    f"{TASK}_classes", classes=tuple[str, ...], trusted=str, cased=bool, letters=str, length=int,
    shares=tuple[float, float], commonest=str, encoder=(str, ""),
)  # fmt: skip
_AT_ONCE, _RESAMPLES = 64, 500
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ClassModel:
    """A trained model of classes ready for use.

    Parameters
    ----------
    classes : tuple of str
        The names of the classes.
    trusted : str
        Which model predicts: the network, or a classical one where that is not shown to be worse on dev.
    shares : tuple of float
        Weights of the logits of the regression and of the network in the joint model.
    """

    network: ClassNetwork
    vocabulary: Vocabulary
    length: int
    regression: Regression
    shares: tuple[float, float]
    classes: tuple[str, ...]
    commonest: str
    trusted: str
    settings: LiteratureSettings

    def logits(self, texts: Sequence[Sequence[str]], model: str | None = None) -> Floats:
        """Return logits (text, class) of texts of tokens, by the trusted model or a named one."""
        name = model or self.trusted
        if name == COMMONEST:
            own = [0.0 if each == self.commonest else -1e4 for each in self.classes]
            return np.tile(np.array(own, np.float32), (len(texts), 1))
        regressed = self.regression.logits(texts)
        if name == REGRESSION:
            return regressed
        return self.shares[0] * regressed + self.shares[1] * self._networks(texts)

    def classes_for(self, texts: Sequence[Sequence[str]], model: str | None = None) -> list[str]:
        """Return the likeliest class of each text of tokens, by the trusted model or a named one."""
        return classes_of(self.logits(texts, model), self.classes)

    def probabilities(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Return the probability of each class, (text, class), by the trusted model."""
        return torch.from_numpy(self.logits(texts)).softmax(1).numpy()

    @torch.no_grad()
    def _networks(self, texts: Sequence[Sequence[str]]) -> Floats:
        self.network.eval()
        parts = [texts[first : first + _AT_ONCE] for first in range(0, len(texts), _AT_ONCE)]
        found = [self.network(read(part, self.vocabulary, self.length)).numpy() for part in parts]
        return np.concatenate(found) if found else np.zeros((0, len(self.classes)), np.float32)


def finished(
    network: ClassNetwork, given: Prepared, settings: LiteratureSettings
) -> tuple[ClassModel, Choice, Mapping[str, float]]:
    """Choose on dev how much the network is heard and which model predicts; fit the regression to train and dev.

    The network predicts where the interval of its gain in macro-F1 over the best classical model lies above zero
    on dev. The macro-F1 of each model there comes last.
    """
    assert given.regression is not None
    dev, every = given.corpus.dev, (*given.corpus.train, *given.corpus.dev)
    labels = [each.label for each in every]
    commonest = max(given.classes, key=labels.count)
    model = ClassModel(
        network, given.vocabulary, given.length, given.regression, (0.0, 1.0), given.classes, commonest, NETWORK,
        settings,
    )  # fmt: skip
    model = replace(model, shares=_likeliest(model, dev))
    texts = [each.tokens for each in dev]
    named = {name: model.classes_for(texts, name) for name in MODELS}
    found = resampled([each.label for each in dev], named, _RESAMPLES)
    f1 = {name: own["macro_f1"] for name, own in found.items()}
    choice = choose({name: 1 - values for name, values in f1.items()}, NETWORK)
    refitted = fit_regression(every, given.classes, given.penalty)
    model = replace(model, regression=refitted, trusted=choice.trusted)
    return model, choice, {name: float(values[0]) for name, values in f1.items()}


def said(model: ClassModel, choice: Choice, f1: Mapping[str, float]) -> list[str]:
    """Return lines on the choice."""
    of_dev = ", ".join(f"{name} {value:.3f}" for name, value in f1.items())
    return [
        f"macro-F1 on dev: {of_dev}",
        f"the network's gain over the {choice.best} there: {signed(choice.gain)}; predict uses: {choice.trusted}",
        "the joint logits are {:.2f} × the regression + {:.2f} × the network".format(*model.shares),
    ]


def _likeliest(model: ClassModel, dev: Sequence[Example]) -> tuple[float, float]:
    """Return the weights of the regression's and the network's logits, not below zero, that make dev likeliest."""
    texts = [each.tokens for each in dev]
    label = torch.tensor([model.classes.index(each.label) for each in dev])
    # A class that the training lacks says nothing of the weights.
    known = torch.from_numpy(model.regression.intercepts)[label] > -1e3
    both = torch.from_numpy(np.stack([model.regression.logits(texts), model._networks(texts)]))[:, known]
    if not known.any():
        return 1.0, 0.0
    root = torch.tensor([0.7, 0.7]).requires_grad_()  # squared, so that no weight is below zero
    optimiser = torch.optim.LBFGS([root], max_iter=40, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimiser.zero_grad()
        found = functional.cross_entropy((root.square()[:, None, None] * both).sum(0), label[known])
        found.backward()
        return float(found.detach())

    optimiser.step(loss)
    regression, network = root.detach().square().tolist()
    return regression, network


def parts_of(model: ClassModel) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and values of a bundle."""
    known, own = model.vocabulary, model.regression
    tensors = {
        **model.network.state_dict(), "words": as_bytes(known.words), "regression.terms": as_bytes(own.terms),
        "regression.rare": torch.as_tensor(own.rare), "regression.weights": torch.as_tensor(own.weights),
        "regression.intercepts": torch.as_tensor(own.intercepts),
    }  # fmt: skip
    values = {
        "classes": list(model.classes), "trusted": model.trusted, "cased": known.cased,
        "letters": "".join(known.letters), "length": model.length, "shares": list(model.shares),
        "commonest": model.commonest, "encoder": known.encoder.mark if known.encoder else "",
    }  # fmt: skip
    return tensors, values


def load_classifier(where: Path | str) -> ClassModel:
    """Return a trained model of classes ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/literature`.

    Returns
    -------
    ClassModel
        Classes of texts of tokens.

    Raises
    ------
    InputError
        Where there is no bundle, it is damaged, or finds entities.
    """
    return classifier_of(load_bundle(Path(where), TASK))


def classifier_of(bundle: Bundle) -> ClassModel:
    """Return the model of classes of a bundle.

    Raises:
        InputError: where the bundle is at fault.
    """
    settings = parse_settings(LiteratureSettings, bundle.settings, bundle.where)
    if settings.data.label is None:
        raise InputError(f"{bundle.where} finds entities, and knows no classes; train with --data.label")
    values = checked_values(bundle, _LAYOUT)
    classes = values["classes"]
    if values["trusted"] not in MODELS or values["commonest"] not in classes or values["length"] < 1:
        raise InputError(f"{bundle.where}: its values do not fit each other; copy or train it again")
    words, terms = texts_of(bundle, "words"), texts_of(bundle, "regression.terms")
    encoder = same_encoder(settings.network.encoder, values.get("encoder", ""), bundle.where)
    vocabulary = Vocabulary(words, (False,) * len(words), tuple(values["letters"]), values["cased"], encoder)
    network = checked_network(
        lambda: network_of(settings, len(words) + SPECIAL, len(values["letters"]) + 2, len(classes)),
        {name: each for name, each in bundle.tensors.items() if name != "words" and "regression" not in name},
        bundle.where,
    )
    regression = Regression(
        terms,
        checked_array(bundle, "regression.rare", len(terms)),
        checked_array(bundle, "regression.weights", len(terms), len(classes)),
        checked_array(bundle, "regression.intercepts", len(classes)),
    )
    return ClassModel(
        network, vocabulary, values["length"], regression, values["shares"], classes, values["commonest"],
        values["trusted"], settings,
    )  # fmt: skip
