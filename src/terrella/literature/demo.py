"""What `terrella literature demo` shows: real sentences where some are at hand, else a simulated corpus."""

from pathlib import Path

from terrella.literature.classes.documents import KIND
from terrella.literature.corpus.opening import SIMULATED
from terrella.literature.settings import DataSettings, FitSettings, LiteratureSettings
from terrella.real_data import data_folder

_BGS = "literature/bgs_bgs.3class.geo-{}-data.txt"


def demo_settings(
    seed: int, labelled: Path | str | None, classes: bool = False
) -> tuple[LiteratureSettings, str]:
    """Return settings under which the demo takes a few minutes on two cores, and a line on its sentences.

    The classes of sentences are their commonest kinds of entity.
    """
    label = KIND if classes else None
    folder = data_folder()
    train, test = (folder / _BGS.format(kind) for kind in ("training", "testing"))
    if labelled is not None:
        return LiteratureSettings(
            data=DataSettings(train=(str(labelled),), seed=seed, label=label)
        ), f"sentences of {labelled}"
    if train.is_file() and test.is_file():
        data = DataSettings(train=(str(train),), test=(str(test),), seed=seed, label=label)
        return LiteratureSettings(data=data), f"sentences of {train}, judged on {test.name}"
    said = f"simulated sentences with a known truth, since {train} is not there"
    # Few windows of tokens: smaller batches and more epochs give as many steps.
    fit = FitSettings() if classes else FitSettings(epochs=12, batch=4)
    return LiteratureSettings(data=DataSettings(train=(SIMULATED,), seed=seed, label=label), fit=fit), said
