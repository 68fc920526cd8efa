"""The report's closer look and its numbers in scores.json, for models of any name."""

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from terrella.earth.grid import Grid
from terrella.earth.region import box
from terrella.engine.judge import Interval
from terrella.engine.judge.report import Page, Section, Table, write_report
from terrella.engine.use.bundle import Bundle
from terrella.forecast.judging import horizon as judging
from terrella.forecast.judging.after_shocks import AfterShocks
from terrella.forecast.judging.breakdown import Context, make_context
from terrella.forecast.judging.csep_tests import MISSING, Comparison, Consistency, CsepTests
from terrella.forecast.judging.judged import Closer, Judged
from terrella.forecast.judging.molchan import Molchan
from terrella.forecast.judging.outcomes import Outcomes
from terrella.forecast.judging.score_files import bundle_mark, further_scores
from terrella.forecast.judging.sequences import follow_sequences
from terrella.forecast.judging.skill_figures import draw_classes, draw_molchan, draw_sequence
from terrella.forecast.judging.skill_sections import paired_by_sequence, skill_sections
from terrella.forecast.preparation import Cut
from terrella.forecast.settings import JudgeSettings
from terrella.forecast.windows import Windows
from terrella.formats.catalogues.catalogue import Catalogue

EPOCH = np.datetime64("2000-01-01", "us")
SETTINGS = JudgeSettings(resamples=50)


@pytest.fixture(scope="module")
def task(catalogue: Catalogue, grid: Grid) -> Cut:
    windows = Windows(EPOCH, 0.0, 10.0, 300.0, 365.0, 730.0)
    return Cut(catalogue, box(0, 2, 0, 1.6), grid, windows, 2.5)


@pytest.fixture(scope="module")
def context(task: Cut) -> Context:
    return make_context(task)


@pytest.fixture(scope="module")
def judged(outcomes: Outcomes, task: Cut, context: Context) -> Judged:
    return judging.judge_horizon(outcomes, task, context, SETTINGS)


@pytest.fixture(scope="module")
def closer(outcomes: Outcomes, catalogue: Catalogue) -> Closer:
    same = Consistency(300.0, (0.4, 0.6), (0.4, 0.6), 0.5, 0.01, 0.3)
    csep = CsepTests(
        "0.8.0", 290, {"network": same}, (Comparison("network", "ETAS", 0.1, 0, 0.2, 2, 1.9, 1e-9),)
    )
    ones = np.ones((6, 2))
    by_model = {"climatology": ones, "ETAS": 4 * ones, "network": 3 * ones}
    rows = np.repeat([0, 1], 3), np.tile([1 / 24, 0.25, 1.0], 2), np.repeat([0, 1], 3)
    hours = AfterShocks((1.0, 7.0), *rows, 2 * ones, by_model, by_model)
    return Closer(1.0, tuple(follow_sequences(outcomes, catalogue, EPOCH)), csep, hours)


def titles(tables: list[Table]) -> list[str]:
    return [table.caption for table in tables]


def test_b_value_does_not_depend_on_decimals_beyond_the_bins(task: Cut) -> None:
    draw = np.random.default_rng(0)
    fine = 2.5 + draw.exponential(1 / (0.95 * math.log(10)), 20_000)[: len(task.catalogue)]
    for magnitude in (fine, np.floor(fine * 100) / 100, np.floor(fine * 10 + 1e-9) / 10):
        changed = replace(task, catalogue=replace(task.catalogue, magnitude=magnitude))
        assert make_context(changed).b == pytest.approx(0.95, abs=0.2)
    values = [
        make_context(replace(task, catalogue=replace(task.catalogue, magnitude=m))).b
        for m in (fine, np.floor(fine * 10 + 1e-9) / 10)
    ]
    assert values[0] == pytest.approx(values[1], rel=0.03)


def test_sections_show_every_model_in_tables_and_figures(
    judged: Judged, closer: Closer, context: Context, tmp_path: Path
) -> None:
    longer = replace(judged, horizon_days=7.0)
    sections = skill_sections([judged, longer], closer, context, 50)
    assert [each.title for each in sections] == [
        "Alarms: Molchan’s diagram", "Where the skill comes from", "Single sequences",
        "Hours after large shocks", "CSEP’s tests",
    ]  # fmt: skip
    alarms, origin, single, hours, _ = sections
    assert [name for name, _ in alarms.tables[0].rows] == ["ETAS", "network", "gradient boosting"]
    for table in origin.tables[:-1]:
        assert list(table.columns) == ["events", "ETAS", "network", "gradient boosting"]
    assert list(origin.tables[-1].columns) == ["1 d", "7 d"]
    assert list(single.tables[0].columns) == [
        "observed",
        "climatology",
        "ETAS",
        "network",
        "gradient boosting",
    ]
    assert [table.caption for table in hours.tables] == ["Next 1 d", "Next 7 d"]
    assert [name.split()[0] for name, _ in hours.tables[0].rows] == ["1", "6", "24"]
    assert hours.tables[0].rows[0][1][:2] == ["2", "4"]
    assert [each.value for each in hours.tables[0].rows[0][1][2:]] == [0.5, 2, 1.5, -1.5, 0.5]
    for section in sections:
        for table in section.tables:
            assert all(len(cells) == len(table.columns) == len(table.digits) for _, cells in table.rows)
    page = Page("t", "l", "model abc · catalogue def", sections)
    written = write_report(page, tmp_path / "report.html", tmp_path)
    assert {path.stem for path in written} == {"report", "molchan", "breakdown", "sequences"}
    text = (tmp_path / "report.html").read_text()
    assert text.count('<span class="mark">model abc · catalogue def</span>') == text.count("<table>") > 8


def test_report_without_pycsep_or_sequences_says_so(judged: Judged, context: Context) -> None:
    *_, single, hours, csep = skill_sections([judged], Closer(1.0, (), None), context, 50)
    assert csep.text == MISSING
    assert not csep.tables
    assert "No shock" in single.text
    assert "No shock" in hours.text


def test_without_a_network_etas_is_what_is_looked_at(judged: Judged, context: Context) -> None:
    losses = {name: judged.losses[name] for name in ("climatology", "ETAS")}
    plain = replace(judged, losses=losses)
    table = paired_by_sequence([plain], 20)
    assert [name for name, _ in table.rows] == ["over climatology"]
    origin = skill_sections([plain], Closer(1.0, (), None), context, 20)[1]
    assert (
        origin.tables[-1].caption
        == "Gain of ETAS over climatology by class and horizon (nats per earthquake)"
    )


def test_both_intervals_are_about_the_same_gain(judged: Judged) -> None:
    table = paired_by_sequence([judged], 50)
    for name, (by_time, by_sequence) in table.rows:
        assert isinstance(by_time, Interval)
        assert isinstance(by_sequence, Interval)
        assert by_time.value == pytest.approx(by_sequence.value, rel=1e-4), name
        paired = [
            p.gain
            for p in judged.scores.paired
            if (p.score, p.model, f"over {p.over}") == ("information_gain", "network", name)
        ]
        assert by_time.low == pytest.approx(paired[0].low)


def test_further_scores_are_json_and_agree_with_the_rest(judged: Judged, closer: Closer) -> None:
    found = json.loads(json.dumps(further_scores([judged], closer, 50), allow_nan=False))
    assert list(found) == ["molchan", "breakdown", "by_sequence", "sequences", "csep", "after_shocks"]
    magnitude = found["breakdown"]["1d"]["magnitude"]
    over_etas = next(g for g in magnitude["gains"] if (g["model"], g["over"]) == ("network", "ETAS"))
    whole = next(
        p.gain.value
        for p in judged.scores.paired
        if (p.score, p.model, p.over) == ("information_gain", "network", "ETAS")
    )
    assert over_etas["gains"][0]["value"] == pytest.approx(whole, rel=1e-5)
    assert magnitude["events"][0] == judged.events.sum()
    one = found["sequences"][0]
    assert len(one["observed"]) == len(one["expected"]["gradient boosting"])
    assert one["time_utc"].endswith("Z")
    assert found["csep"]["consistency"]["network"]["number"] == [0.4, 0.6]
    assert found["molchan"]["1d"]["network"]["area_skill"]["value"] > 0.5


def test_mark_of_a_bundle_changes_with_any_weight_or_setting() -> None:
    bundle = Bundle("forecast", {"a": torch.zeros(3), "b": torch.ones(2)}, {"x": 1.0}, "seed = 1", "card")
    again = replace(bundle, tensors={"b": torch.ones(2), "a": torch.zeros(3)}, card="another")
    assert bundle_mark(bundle) == bundle_mark(again)
    changed = [
        replace(bundle, tensors={"a": torch.zeros(3), "b": torch.tensor([1.0, 1.0001])}),
        replace(bundle, tensors={"a": torch.zeros(3), "c": torch.ones(2)}),
        replace(bundle, values={"x": 1.1}),
        replace(bundle, settings="seed = 2"),
    ]
    assert len({bundle_mark(each) for each in [bundle, *changed]}) == 5


def render(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png")


def test_molchan_figure_draws_what_was_found() -> None:
    figure = Figure(layout="constrained")
    found = Molchan(np.array([0, 0.1, 1]), np.array([1, 0.2, 0]), Interval(0.85, 0.8, 0.9), 0.01)
    axes = draw_molchan(figure.subplots(), {"network": found})
    render(figure)
    line = axes.get_lines()[1]
    np.testing.assert_array_equal(line.get_xdata(), found.occupied)
    np.testing.assert_array_equal(line.get_ydata(), found.missed)
    assert line.get_label() == "network: 0.850"
    chance = axes.get_lines()[0]
    np.testing.assert_allclose(chance.get_xdata() + chance.get_ydata(), 1)  # type: ignore[operator]


def test_classes_without_events_leave_a_gap() -> None:
    figure = Figure(layout="constrained")
    nothing = Interval(*[float("nan")] * 3)
    gains = {"1 d": [Interval(1, 0.5, 1.5), nothing], "7 d": [Interval(2, 1, 3), Interval(1, 1.1, 2)]}
    axes = draw_classes(figure.subplots(), ["quiet", "active"], gains, "gain")
    render(figure)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["quiet", "active"]
    assert [c[0].get_xdata().tolist()[0] for c in axes.containers] == [1, 2]
    assert axes.get_ylim() == (1.5, -0.5)  # the first class on top


def test_sequence_figure_shows_what_happened_and_what_was_expected(closer: Closer) -> None:
    figure = Figure(layout="constrained")
    followed = closer.sequences[0]
    axes = draw_sequence(figure.subplots(), followed, ["ETAS", "network"], 30.0)
    render(figure)
    etas, network, observed = axes.get_lines()
    np.testing.assert_array_equal(observed.get_ydata(), followed.observed[:30])
    np.testing.assert_array_equal(network.get_ydata(), followed.expected["network"][:30])
    assert etas.get_label() == "ETAS"
    assert len(axes.collections) == 2  # a band each


def test_figures_carry_the_mark_and_are_whole_without_it(tmp_path: Path) -> None:
    from terrella.engine.judge.report import Picture

    picture = Picture("one", Figure(), "c", "d")
    write_report(
        Page("t", "l", "model abc", [Section("s", pictures=[picture])]), tmp_path / "r.html", tmp_path
    )
    assert picture.figure._supxlabel.get_text() == "model abc"  # type: ignore[attr-defined]
    bare = Picture("two", Figure(), "c", "d")
    write_report(Page("t", "l", sections=[Section("s", pictures=[bare])]), tmp_path / "r.html", tmp_path)
    assert getattr(bare.figure, "_supxlabel", None) is None
