"""What judging leaves for people: the sections of the report with its figures, and the main scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from terrella.engine.judge.figures import draw_by_class, look_of, panel_row
from terrella.engine.judge.report import Picture, Section, filled, gain_tables, score_tables
from terrella.engine.task import Judging
from terrella.segment.data.sections import Entry
from terrella.segment.judging import figures
from terrella.segment.judging.by_snr import dice_by_snr, events_by_snr, onsets_by_snr
from terrella.segment.judging.equal_alarms import SCORE, verdict
from terrella.segment.judging.examples import example_figures
from terrella.segment.judging.judged import Judged, alarm_rates
from terrella.segment.judging.scorers import Scorer
from terrella.segment.judging.scores import precision_recall
from terrella.segment.settings import JudgeSettings

_SAMPLES = (
    ("average_precision", "average precision", 3, 1.0),
    ("dice", "Dice", 3, 1.0),
    ("iou", "IoU", 3, 1.0),
    ("precision", "precision", 3, 1.0),
    ("recall", "recall", 3, 1.0),
)
_EVENTS = (
    (SCORE, "events detected at equal false alarms", 3, 1.0),
    ("detection_rate", "events detected", 3, 1.0),
    ("false_alarms_per_section", "false alarms per section", 3, 1.0),
    ("false_alarms_per_empty_section", "… without an event", 3, 1.0),
    ("false_alarms_per_hour", "… per hour", 0, 1.0),
)
_ONSETS = (
    ("onsets_found", "onsets found", 3, 1.0),
    ("onset_median_s", "median error (ms)", 2, 1000.0),
    ("onset_mae_s", "mean absolute error (ms)", 2, 1000.0),
)
_GAINED = (*_SAMPLES[:3], *_EVENTS[:3], *_ONSETS)
SHOWN = (
    ("average_precision", "AP", 3, 1.0),
    ("dice", "Dice", 3, 1.0),
    ("iou", "IoU", 3, 1.0),
    (SCORE, "events at equal", 3, 1.0),
    ("detection_rate", "events", 3, 1.0),
    ("false_alarms_per_section", "false/section", 3, 1.0),
    ("onsets_found", "onsets", 3, 1.0),
    ("onset_mae_s", "MAE (ms)", 2, 1000.0),
)
_POINTS = 1500  # of a curve
_FEWEST = 50  # onsets of a model in the histogram


def made_report(
    scorers: Sequence[Scorer],
    judged: Sequence[Judged],
    test: Sequence[Entry],
    document: Mapping[str, Any],
    settings: JudgeSettings,
) -> Judging:
    """Return what judging found, with the sections of its report; the first model is what the page is about."""
    first = judged[0]
    split = document["split"]
    about = "none of them of a group trained on" if split == "test" else f"the {split} split"
    lead = (
        f"{verdict(document)} {first.name} beside classical detectors on {document['data']}, {about}.".strip()
    )
    sections = [Section("Examples", _ABOUT_EXAMPLES, [], example_figures(scorers, judged, test, settings))]
    models = document["models"]
    samples = score_tables("Samples", models, _SAMPLES, "average_precision")
    sections.append(Section("Samples", _ABOUT_SAMPLES, samples, [_curves(judged)]))
    if first.events is not None:
        tables = score_tables("Events", models, _EVENTS, SCORE) + score_tables("Onsets", models, _ONSETS)
        pictures = [_detection(judged, settings), *_errors(judged)]
        sections.append(Section("Events and onsets", _about_events(settings), tables, pictures))
        sections.append(Section("Signal-to-noise ratio", _ABOUT_SNR, [], _by_snr(judged, settings)))
    gains = gain_tables("What the network gains", document["paired"], _GAINED)
    sections.append(Section("Gains", _ABOUT_GAINS, gains))
    return Judging(document, f"Segmentation: {first.name}", lead, filled(sections), SHOWN)


def _curves(judged: Sequence[Judged]) -> Picture:
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    curves = {}
    for each in judged:
        true, false = (values[0] for values in each.counts.at_or_above())
        kept = np.unique(np.linspace(0, len(true) - 1, _POINTS).astype(int))
        precision, recall = precision_recall(true, false)
        curves[each.name] = (precision[kept], recall[kept])
    share = float(true[-1] / (true[-1] + false[-1]))
    figures.draw_precision_recall(figure.subplots(), curves, share)
    return Picture(
        "precision_recall", figure, "Precision and recall of single samples, at all thresholds.",
        "Precision against recall of every model.",
    )  # fmt: skip


def _detection(judged: Sequence[Judged], settings: JudgeSettings) -> Picture:
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    curves = {}
    for each in judged:
        if each.events is not None:
            alarms = alarm_rates(each.events, settings.per)
            rate = each.events.detected.sum(axis=0) / max(each.events.events.sum(), 1)
            # At still lower thresholds detections merge until all is one.
            shown = slice(0, max(int(alarms.argmax()), each.chosen.level) + 1)
            curves[each.name] = (alarms[shown], rate[shown])
    chosen = {each.name: each.chosen.level for each in judged}
    figures.draw_detection(figure.subplots(), curves, chosen, settings.false_alarms, settings.per)
    return Picture(
        "detection", figure,
        "Events detected against false alarms. Markers: thresholds chosen on the dev split.",
        "Detection rate against false alarms of every model.",
    )  # fmt: skip


def _errors(judged: Sequence[Judged]) -> list[Picture]:
    found = {
        each.name: 1000 * each.events.onset_error_s[np.isfinite(each.events.onset_error_s)]
        for each in judged
        if each.events is not None
    }
    errors = {name: values for name, values in found.items() if len(values) >= _FEWEST}
    if not errors:
        return []
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    limit = max(np.percentile(np.abs(values), 99) for values in errors.values())
    figures.draw_errors(figure.subplots(), errors, max(float(limit), 1.0))
    caption = f"Errors of onsets found within the tolerance, of models that found {_FEWEST} or more."
    return [Picture("onset_errors", figure, caption, "A histogram of onset errors for every model.")]


def _by_snr(judged: Sequence[Judged], settings: JudgeSettings) -> list[Picture]:
    pictures = (
        (events_by_snr, "share of events detected", "median of the event"),
        (onsets_by_snr, "share of onsets found", "of the onset's trace"),
        (dice_by_snr, "Dice of samples", "median of the section"),
    )
    found = [
        ({each.name: scores(each, settings.resamples) for each in judged}, ylabel, xlabel)
        for scores, ylabel, xlabel in pictures
    ]
    # Classes with too little in them are left out, and so is a score without any.
    shown = [each for each in found if next(iter(each[0].values())).labels]
    if not shown:
        return []
    figure, panels = panel_row(len(shown), 3.4, 3.4)
    for axes, (classes, ylabel, xlabel) in zip(panels, shown, strict=True):
        labels = next(iter(classes.values())).labels
        values = {name: each.values for name, each in classes.items()}
        draw_by_class(axes, labels, values, look_of(list(values)), ylabel).set_ylim(0, None)
        axes.set_xlabel(xlabel)
        axes.legend(fontsize=7, edgecolor="none", framealpha=0.8)
    figure.suptitle("by signal-to-noise ratio", fontsize=9)
    caption = "By signal-to-noise ratio, with 95 % intervals."
    return [Picture("by_snr", figure, caption, "Scores of every model in classes of signal-to-noise ratio.")]


_ABOUT_EXAMPLES = (
    "Each row of panels shows a section (each trace over its noise level), its label (grey where unlabelled), and "
    "each model's scores, black from its detection threshold on. Orange dots are onsets of "
    "detections."
)
_ABOUT_SAMPLES = (
    "Every sample with or without a label counts. IoU, Dice, precision and recall are at the threshold whose Dice "
    "is best on the dev split. Ranges are 95 % intervals, with whole groups resampled."
)
_ABOUT_SNR = (
    "The ratio of an arrival's largest amplitude to the standard deviation of the noise on its trace."
)
_ABOUT_GAINS = (
    "Positive gains are better, of errors and false alarms too. Both models have the same groups drawn."
)


def _about_events(settings: JudgeSettings) -> str:
    return (
        f"A detection is connected samples on {settings.traces} traces or more. It counts for an event if it "
        f"begins within {settings.tolerance} samples of the P or the S wave on a quarter of the traces that see "
        "the wave; it is a false alarm if most of its onsets lie where nothing is labelled. The threshold is the "
        f"lowest with at most {settings.false_alarms:g} false alarms per {settings.per} on the dev split, "
        "whose median delay is taken from every model's onsets. Such thresholds lead to other rates on other "
        "sections: models are compared at the largest rate that all reach up to the one allowed, along each "
        "one's own curve. A row is bold where that is best."
    )
