"""What a training leaves: the joint field, the classical models fitted on all labels, and the choice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.document import signed
from terrella.literature.learning.joint import Joint, chosen
from terrella.literature.learning.network import EntityNetwork
from terrella.literature.learning.prepared import Prepared, textbook_field, wide_field
from terrella.literature.models.gazetteer import Gazetteer, fit_gazetteer
from terrella.literature.scores import f1_of, judged

NETWORK, TEXTBOOK, WIDE, GAZETTEER = "network", "CRF", "CRF, wider features", "gazetteer"
MODELS = (NETWORK, TEXTBOOK, WIDE, GAZETTEER)
_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Finished:
    """The models of a bundle, and which of them predicts."""

    joint: Joint
    gazetteer: Gazetteer
    trusted: str
    f1: Mapping[str, float]  # of each model on dev
    gain: Interval  # of the network over the best classical model, on dev

    def said(self) -> list[str]:
        """Return lines on the choice."""
        of_dev = ", ".join(f"{name} {value:.3f}" for name, value in self.f1.items())
        return [
            f"F1 on dev: {of_dev}",
            f"the network's gain over the best classical model there: {signed(self.gain)}; predict uses: "
            f"{self.trusted}",
            "the joint field is {:.2f} × the wider CRF + {:.2f} × the other + {:.2f} × the network, less {:.2f} "
            "for no entity".format(*self.joint.weights, self.joint.doubt),
        ]


def finish(network: EntityNetwork, given: Prepared, doubting: bool) -> Finished:
    """Choose on dev how much the network is heard and which model predicts, then fit the fields on train and dev.

    The network predicts where its F1 on dev is above that of every classical model.
    """
    assert given.wide is not None
    assert given.textbook is not None
    assert given.gazetteer is not None
    dev = given.corpus.dev
    tokens = [sentence.tokens for sentence in dev]
    follow = network.transitions.detach().cpu().numpy()
    joint = chosen(Joint(network, follow, given.vocabulary, given.wide, given.textbook), dev, doubting)
    labels = {
        NETWORK: joint.labels_for(tokens),
        TEXTBOOK: [given.textbook.labels_for(own) for own in tokens],
        WIDE: [given.wide.labels_for(own) for own in tokens],
        GAZETTEER: [given.gazetteer.labels_for(own) for own in tokens],
    }
    f1 = {name: f1_of(dev, own) for name, own in labels.items()}
    best = max(MODELS[1:], key=lambda name: f1[name])
    pairs = judged(dev, labels, _RESAMPLES)[1]
    gain = next(value for score, _, over, value in pairs if (score, over) == ("f1", best))
    every = (*given.corpus.train, *given.corpus.dev)
    joint = replace(joint, wide=wide_field(given, every, given.l2), textbook=textbook_field(given, every))
    trusted = NETWORK if f1[NETWORK] > f1[best] else best
    return Finished(joint, fit_gazetteer(every), trusted, f1, gain)
