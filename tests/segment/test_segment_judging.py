"""Judging: thresholds from dev alone, scores with intervals, gains, the report."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from fake_sections import make_entries, perfect_scores

from terrella.engine.judge.comparing import intervals
from terrella.engine.judge.document import add_to_card, scores_event
from terrella.engine.judge.report import Page, write_report
from terrella.engine.run import Run
from terrella.segment.data.sections import of_split
from terrella.segment.judging.by_snr import dice_by_snr, events_by_snr, onsets_by_snr
from terrella.segment.judging.command import scores_document
from terrella.segment.judging.equal_alarms import SCORE, verdict
from terrella.segment.judging.judged import alarm_rates, choose, judge_scorer
from terrella.segment.judging.reporting import SHOWN, made_report
from terrella.segment.judging.resampled import UNITS, gains, resampled_scores
from terrella.segment.judging.scorers import Scorer
from terrella.segment.settings import JudgeSettings, SegmentSettings

SETTINGS = JudgeSettings(resamples=50, tolerance=5)
ENTRIES = make_entries(groups=8, each=6, shape=(16, 128))
DEV, TEST = of_split(ENTRIES, "dev"), [entry for entry in ENTRIES if entry.split != "dev"]

PERFECT = Scorer("perfect", perfect_scores)
NOISY = Scorer("noisy", lambda section: perfect_scores(section, 0.6))
CHANCE = Scorer(
    "chance", lambda section: perfect_scores(section, 1.0, seed=section.mask.size) * 0 + _noise(section)
)


def _noise(section):
    draw = np.random.default_rng(int(section.samples[0, :4].view(np.uint32).sum()))
    return draw.standard_normal(section.mask.shape).astype(np.float32)


@pytest.fixture(scope="module")
def judged():
    return [judge_scorer(scorer, DEV, TEST, SETTINGS) for scorer in (PERFECT, NOISY, CHANCE)]


def scored(judged):
    return intervals({"": resampled_scores(judged, 50)})[""]


def gained_over(judged, other):
    return gains(resampled_scores(judged, 50), resampled_scores(other, 50))


def test_a_perfect_model_has_perfect_scores(judged):
    found = {name: value.value for name, value in scored(judged[0]).items()}
    assert set(found) == set(UNITS)
    ones = ("average_precision", "iou", "dice", "precision", "recall", "detection_rate", "onsets_found")
    assert all(found[name] == 1 for name in ones)
    assert all(found[name] == 0 for name in found if name not in ones)


def test_chance_has_the_precision_of_the_share_of_labels(judged):
    counts = judged[2].counts
    share = counts.labelled.sum() / (counts.labelled + counts.other).sum()
    assert scored(judged[2])["average_precision"].value == pytest.approx(share, abs=0.01)


def test_better_models_have_better_scores(judged):
    scores = [scored(each) for each in judged]
    for name in ("average_precision", "dice", "iou"):
        assert scores[0][name].value > scores[1][name].value > scores[2][name].value
    assert all(each["average_precision"].low <= each["average_precision"].value for each in scores)


def test_thresholds_depend_on_the_dev_split_alone(judged):
    fewer = judge_scorer(NOISY, DEV, TEST[:5], SETTINGS)
    assert fewer.chosen.threshold == judged[1].chosen.threshold
    assert fewer.chosen.level == judged[1].chosen.level
    np.testing.assert_array_equal(fewer.chosen.levels, judged[1].chosen.levels)


def test_the_dev_split_has_no_more_false_alarms_than_allowed():
    for allowed in (0.05, 0.5, 3.0):
        wanted = SETTINGS.model_copy(update={"false_alarms": allowed, "traces": 3})
        own = judge_scorer(CHANCE, DEV, DEV, wanted)
        assert alarm_rates(own.events, "section")[own.chosen.level] <= allowed


def test_more_false_alarms_never_raise_the_threshold():
    levels = [
        choose(CHANCE, DEV, SETTINGS.model_copy(update={"false_alarms": allowed, "traces": 3})).level
        for allowed in (0.1, 0.5, 2.0)
    ]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]


def test_an_hour_has_as_many_false_alarms_as_its_sections(judged):
    events = judged[2].events
    per_hour, per_section = alarm_rates(events, "hour"), alarm_rates(events, "section")
    np.testing.assert_allclose(per_hour * 128 * 0.002 / 3600, per_section)


def test_a_constant_delay_is_taken_from_every_models_onsets():
    late = Scorer("late", lambda section: np.roll(perfect_scores(section), 4, axis=1))
    own = judge_scorer(late, DEV, TEST, SETTINGS)
    assert own.chosen.shifts[own.chosen.level] == 4
    found = scored(own)
    assert found["onset_mae_s"].value == 0
    assert found["detection_rate"].value == 1
    assert found["dice"].value < 0.6


def test_gains_are_differences_and_better_is_positive(judged):
    perfect, noisy, _ = judged
    gained = gained_over(noisy, perfect)
    for name in ("average_precision", "onset_mae_s"):
        own, other = (scored(each)[name].value for each in (noisy, perfect))
        sign = -1 if name == "onset_mae_s" else 1
        assert gained[name].value == pytest.approx(sign * (own - other))
        assert gained[name].value <= 0
    assert "onset_median_s" not in gained
    assert gained_over(noisy, noisy)["dice"].low == gained_over(noisy, noisy)["dice"].high == 0


def test_models_are_compared_at_one_rate_of_false_alarms(judged):
    document = scores_document([judged[1], judged[0]], SegmentSettings(), "test", SETTINGS)
    at = document["equal_false_alarms"]
    assert at["rate"] <= SETTINGS.false_alarms
    found = {name: own[SCORE]["value"] for name, own in document["models"].items()}
    assert found["perfect"] == 1
    events = judged[1].events
    within = alarm_rates(events, "section") <= at["rate"]
    below = events.detected[:, within].sum(axis=0).max() / events.events.sum()
    assert below <= found["noisy"] <= 1
    (pair,) = [each for each in document["paired"] if each["score"] == SCORE]
    assert pair["gain"] == pytest.approx(found["noisy"] - found["perfect"])


@pytest.mark.parametrize(
    ("gain", "low", "high", "said"),
    [
        (0.1, 0.05, 0.2, "the network finds more, by 0.100 [0.050, 0.200]"),
        (-0.1, -0.2, -0.05, "the classical detector finds more, by 0.100 [0.050, 0.200]"),
        (0.1, -0.1, 0.2, "decides for neither"),
        (0.1, None, None, "with a single group"),
    ],
)
def test_the_verdict_is_made_of_the_numbers(gain, low, high, said):
    pair = {"score": SCORE, "model": "U-Net", "over": "STA/LTA", "gain": gain, "low": low, "high": high}
    models = {"U-Net": {SCORE: {"value": 0.5}}, "STA/LTA": {SCORE: {"value": 0.5 - gain}}}
    at = {"rate": 0.1, "per": "section"}
    line = verdict({"equal_false_alarms": at, "paired": [pair], "models": models})
    assert line.startswith("At 0.1 false alarms per section, U-Net finds 0.500 of the events and STA/LTA, ")
    assert said in line


def test_intervals_resample_groups(judged):
    """With all sections in one group there is nothing to resample."""
    alone = make_entries(groups=3, each=6, shape=(16, 128))
    own = judge_scorer(NOISY, DEV, of_split(alone, "test"), SETTINGS)
    assert all(math.isnan(value.low) for value in scored(own).values())
    assert len(resampled_scores(judged[1], 50)["dice"]) == 51


def test_the_median_is_that_of_the_errors(judged):
    errors = judged[1].events.onset_error_s
    found = scored(judged[1])["onset_median_s"].value
    assert found == pytest.approx(np.median(errors[np.isfinite(errors)]))


def test_classes_of_snr_hold_all_events(judged):
    for scores in (events_by_snr, onsets_by_snr, dice_by_snr):
        found = scores(judged[0], 20)
        assert found.labels == ["5–8"]
        assert found.values[0].value == 1


def test_everything_is_written(judged, tmp_path):
    run = Run(tmp_path)
    document = scores_document(judged, SegmentSettings(), "test", SETTINGS)
    found = made_report([PERFECT, NOISY, CHANCE], judged, TEST, document, SETTINGS)
    write_report(Page(found.title, found.lead, "", found.sections), run.report, run.figures)
    json.dumps(document, allow_nan=False)
    assert {pair["over"] for pair in document["paired"]} == {"noisy", "chance"}
    assert document["models"]["perfect"]["dice"] == {"value": 1.0, "low": 1.0, "high": 1.0, "unit": ""}
    page = run.report.read_text()
    assert "http" not in page.replace("http://www.w3.org", "")
    for name in ("example_1", "precision_recall", "detection", "onset_errors", "by_snr"):
        assert (run.figures / f"{name}.png").stat().st_size > 5000
    shown = scores_event(document, found.shown)["rows"][0]
    assert "perfect" in shown
    assert "1.000" in shown


def test_a_score_that_no_class_has_enough_of_has_no_panel(judged, tmp_path):
    alone = [replace(each, snr=np.full(len(each.groups), np.nan)) for each in judged]
    document = scores_document(alone, SegmentSettings(), "test", SETTINGS)
    found = made_report([PERFECT, NOISY, CHANCE], alone, TEST, document, SETTINGS)
    pictures = {picture.name: picture for section in found.sections for picture in section.pictures}
    assert [axes.get_ylabel() for axes in pictures["by_snr"].figure.axes] == [
        "share of events detected",
        "share of onsets found",
    ]


def test_counts_are_said_in_words_that_fit():
    one = [entry for entry in TEST if entry.group == TEST[0].group]
    document = scores_document(
        [judge_scorer(PERFECT, DEV, one, SETTINGS)], SegmentSettings(), "test", SETTINGS
    )
    assert document["data"].endswith(f"{len(one)} sections of 1 group")


def test_scores_on_the_card_are_replaced_not_repeated(judged, tmp_path):
    card = tmp_path / "card.md"
    card.write_text("# A\n\n## Scores\n\nNot judged yet.\n\n## Limits\n\nMany.\n")
    document = scores_document(judged, SegmentSettings(), "test", SETTINGS)
    add_to_card(card, document, SHOWN)
    once = card.read_text()
    add_to_card(card, document, SHOWN)
    assert card.read_text() == once
    assert "Not judged yet" not in once
    assert "| perfect | 1.000 [1.000, 1.000] |" in once
    assert once.endswith("## Limits\n\nMany.\n")
