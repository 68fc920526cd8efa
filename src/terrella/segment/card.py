"""The card of a segmenter: what it was trained on, how it does beside baselines, and where not to trust it."""

from collections.abc import Mapping, Sequence
from typing import Any

from terrella.engine.judge.document import card_text
from terrella.segment.data.sections import Entry, of_split
from terrella.segment.data.split import SPLITS
from terrella.segment.settings import SegmentSettings

_SCALES = {
    "trace": "samples are divided by the noise level of their trace",
    "section": "samples are divided by the noise level of the section",
    "none": "samples are taken as they are",
}


def make_card(settings: SegmentSettings, entries: Sequence[Entry], values: Mapping[str, Any]) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    network, loss = settings.network, settings.loss
    about = [
        f"- task: segment; gives the probability of a label for every sample of "
        f"{'a volume' if values['dims'] == 3 else 'a section'}",
        f"- {len(network.widths)} levels, widths {', '.join(map(str, network.widths))}; {_SCALES[network.scale]}",
        f"- loss: {loss.name}; {values['dev_loss']:.4f} on the dev split; fingerprint {values['fingerprint']}",
        f"- called labelled from the probability {values['threshold']:.3g} on, where Dice was best on the dev "
        f"split: {values['dev_dice']:.3f}",
    ]
    data = []
    for split in SPLITS:
        own = of_split(entries, split)
        data.append(f"- {split}: {len(own):,} sections of {len({entry.group for entry in own}):,} groups")
    parts = {"": about, "Data": data, "Limits": _LIMITS}
    return card_text(f"U-Net for sections: {settings.data.sections}", parts)


_LIMITS = (
    "Sure only of sections like those of training: spacing of traces and samples, frequencies, noise, and the",
    "apparent velocities of arrivals. Synthetic sections are modelled on flat layers; real ground is not flat.",
)
