"""What a training leaves: the joint field, the classical models fitted on all labels, and the choice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from terrella.engine.judge.comparing import Choice, choose
from terrella.engine.judge.document import signed
from terrella.literature.learning.joint import Joint, chosen
from terrella.literature.learning.network import EntityNetwork
from terrella.literature.learning.prepared import Prepared, textbook_field, wide_field
from terrella.literature.models.gazetteer import Gazetteer, fit_gazetteer
from terrella.literature.scores import resampled

NETWORK, TEXTBOOK, WIDE, GAZETTEER = "network", "CRF", "CRF, wider features", "gazetteer"
MODELS = (NETWORK, TEXTBOOK, WIDE, GAZETTEER)
_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Finished:
    """The models of a bundle, and which of them predicts."""

    joint: Joint
    gazetteer: Gazetteer
    f1: Mapping[str, float]  # of each model on dev
    choice: Choice  # by these

    def said(self) -> list[str]:
        """Return lines on the choice."""
        of_dev = ", ".join(f"{name} {value:.3f}" for name, value in self.f1.items())
        return [
            f"F1 on dev: {of_dev}",
            f"the network's gain over the {self.choice.best} there: {signed(self.choice.gain)}; predict uses: "
            f"{self.choice.trusted}",
            "the joint field is {:.2f} × the wider CRF + {:.2f} × the other + {:.2f} × the network, less {:.2f} "
            "for no entity".format(*self.joint.weights, self.joint.doubt),
        ]


def finish(network: EntityNetwork, given: Prepared, doubting: bool) -> Finished:
    """Choose on dev how much the network is heard and which model predicts, then fit the fields on train and dev.

    The network predicts where the interval of its gain in F1 over the best classical model lies above zero on dev.
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
    f1 = {name: own["f1"] for name, own in resampled(dev, labels, _RESAMPLES).items()}
    choice = choose({name: 1 - values for name, values in f1.items()}, NETWORK)
    every = (*given.corpus.train, *given.corpus.dev)
    joint = replace(joint, wide=wide_field(given, every, given.l2), textbook=textbook_field(given, every))
    of_dev = {name: float(values[0]) for name, values in f1.items()}
    return Finished(joint, fit_gazetteer(every), of_dev, choice)
