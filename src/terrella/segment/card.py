"""The card of a segmenter: what it was trained on, how it does beside baselines, and where not to trust it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrella.files import write_text
from terrella.segment.data.sections import Entry, of_split
from terrella.segment.data.split import SPLITS
from terrella.segment.settings import SegmentSettings

_SCORES = "## Scores"
_SCALES = {
    "trace": "samples are divided by the noise level of their trace",
    "section": "samples are divided by the noise level of the section",
    "none": "samples are taken as they are",
}
_SHOWN = ("average_precision", "dice", "iou", "detection_rate", "false_alarms_per_section", "onset_mae_s")


def make_card(settings: SegmentSettings, entries: Sequence[Entry], values: Mapping[str, Any]) -> str:
    """Return the card as Markdown, without scores of the test split, which `add_scores` writes."""
    network, loss = settings.network, settings.loss
    lines = [
        f"# U-Net for sections: {settings.data.sections}",
        "",
        f"- task: segment; gives the probability of a label for every sample of "
        f"{'a volume' if values['dims'] == 3 else 'a section'}",
        f"- {len(network.widths)} levels, widths {', '.join(map(str, network.widths))}; {_SCALES[network.scale]}",
        f"- loss: {loss.name}; {values['dev_loss']:.4f} on the dev split; fingerprint {values['fingerprint']}",
        f"- called labelled from the probability {values['threshold']:.3g} on, where Dice was best on the dev "
        f"split: {values['dev_dice']:.3f}",
        "",
        "## Data",
        "",
    ]
    for split in SPLITS:
        own = of_split(entries, split)
        lines.append(f"- {split}: {len(own):,} sections of {len({entry.group for entry in own}):,} groups")
    lines += [
        "",
        _SCORES,
        "",
        "Not judged yet: `terrella segment judge --run RUN` does.",
        "",
        "## Limits",
        "",
        "Sure only of sections like those of training: spacing of traces and samples, frequencies, noise, and the",
        "apparent velocities of arrivals. Synthetic sections are modelled on flat layers; real ground is not flat.",
    ]
    return "\n".join(lines) + "\n"


def add_scores(path: Path, document: Mapping[str, Any]) -> None:
    """Write the scores of a judged run into the card, in place of those that were there."""
    text = path.read_text(encoding="utf-8")
    begin = text.index(_SCORES)
    end = text.index("\n## ", begin)
    lines = [_SCORES, "", f"On {document['data']}, {document['split']} split, with 95 % intervals.", ""]
    names = [name for name in _SHOWN if any(name in scores for scores in document["models"].values())]
    lines.append("| model | " + " | ".join(name.replace("_", " ") for name in names) + " |")
    lines.append("|---" * (len(names) + 1) + "|")
    for model, scores in document["models"].items():
        lines.append(f"| {model} | " + " | ".join(_cell(scores.get(name)) for name in names) + " |")
    write_text(path, text[:begin] + "\n".join(lines) + "\n" + text[end:])


def _cell(score: Mapping[str, Any] | None) -> str:
    if score is None or score["value"] is None:
        return "–"
    if score["low"] is None:
        return f"{score['value']:.3g}"
    return f"{score['value']:.3g} [{score['low']:.3g}, {score['high']:.3g}]"
