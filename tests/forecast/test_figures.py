"""Figures: what is drawn is what was given, and any data that judging can produce can be drawn."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from terrella.engine.judge import Interval, make_blocks
from terrella.engine.judge.figures import draw_training, training_section
from terrella.engine.run import Run
from terrella.forecast.judging import figures
from terrella.forecast.judging.scores import Curves, Forecast, judge

MODELS = ("climatology", "persistence", "Reasenberg–Jones", "ETAS", "network", "true process")


def _forecast(probability, loss):
    return Forecast(probability, probability.sum(1, dtype=float), loss)


@pytest.fixture
def axes() -> Axes:
    return Figure(layout="constrained").subplots()


@pytest.fixture(scope="module")
def curves() -> dict[str, Curves]:
    random = np.random.default_rng(0)
    p = 10 ** random.uniform(-4, -0.5, (200, 40))
    counts = (random.random(p.shape) < p).astype(np.float32)
    forecasts = {
        "climatology": _forecast(np.full(p.shape, p.mean(), np.float32), None),
        "network": _forecast(p.astype(np.float32), None),
    }
    return dict(judge(forecasts, counts, make_blocks(np.arange(200.0), 20, 50), "climatology", ()).curves)


def render(axes: Axes) -> None:
    """Draw for good: some errors show only then."""
    axes.figure.savefig(io.BytesIO(), format="png")  # type: ignore[union-attr]


def labels(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_models_differ_in_line_or_marker_and_not_in_colour_alone() -> None:
    styles = [figures.style(name) for name in MODELS]
    assert len({str(each["color"]) for each in styles}) == len(MODELS)
    assert len({each["marker"] for each in styles}) == len(MODELS)
    compared = [
        figures.style(name)["linestyle"] for name in ("ETAS", "network", "true process", "climatology")
    ]
    assert len({str(line) for line in compared}) == 4
    lightness = [np.dot(to_rgb(str(each["color"])), [0.2126, 0.7152, 0.0722]) for each in styles]
    assert max(lightness) < 0.75  # seen on white paper


def test_reliability_shows_every_model_and_the_diagonal(axes: Axes, curves: dict[str, Curves]) -> None:
    assert figures.draw_reliability(axes, curves) is axes
    render(axes)
    assert labels(axes) == ["as forecast", "climatology", "network"]
    network = axes.containers[1][0]
    np.testing.assert_array_equal(network.get_xdata(), curves["network"].forecast_probability)
    np.testing.assert_array_equal(network.get_ydata(), curves["network"].observed_frequency)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_ylim()[0] > curves["network"].forecast_probability.min() / 10


@pytest.mark.parametrize("draw", [figures.draw_reliability, figures.draw_roc])
def test_curves_without_a_single_event(axes: Axes, draw: Callable[..., Axes]) -> None:
    nothing = np.zeros(0)
    empty = Curves(nothing, nothing, nothing, nothing, np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    render(draw(axes, {"network": empty}))


def test_reliability_of_a_forecast_of_zero_that_failed(axes: Axes) -> None:
    zero, rate = np.zeros(1), np.full(1, 0.01)
    failed = Curves(zero, rate, rate / 2, rate * 2, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    figures.draw_reliability(axes, {"all-zero": failed})
    render(axes)
    assert axes.get_ylim()[0] > 0


def test_roc_ends_at_one_beside_the_line_of_chance(axes: Axes, curves: dict[str, Curves]) -> None:
    figures.draw_roc(axes, curves)
    render(axes)
    assert labels(axes) == ["by chance", "climatology", "network"]
    chance, _, network = axes.get_lines()
    np.testing.assert_array_equal(chance.get_xdata(), chance.get_ydata())
    assert (network.get_xdata()[-1], network.get_ydata()[-1]) == (1, 1)  # type: ignore[index]


def test_scores_by_horizon_have_their_intervals(axes: Axes) -> None:
    gains = {
        "ETAS": [Interval(1.0, 0.5, 1.2), Interval(0.5, 0.1, 0.9)],
        "network": [Interval(1.1, 0.6, 1.3), Interval(0.4, float("nan"), float("nan"))],
    }
    figures.draw_by_horizon(axes, [1.0, 7.0], gains, "gain (nats per earthquake)")
    render(axes)
    etas, network = axes.containers
    np.testing.assert_allclose(
        [segment[:, 1] for segment in etas[2][0].get_segments()], [[0.5, 1.2], [0.1, 0.9]]
    )
    assert etas[0].get_xdata()[0] < network[0].get_xdata()[0]  # beside each other, not on top
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "7"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("horizon (days)", "gain (nats per earthquake)")


def test_value_just_outside_its_percentile_interval_can_be_drawn(axes: Axes) -> None:
    figures.draw_by_horizon(axes, [1.0], {"network": [Interval(1.0, 1.01, 1.2)]}, "gain")
    render(axes)
    segment = axes.containers[0][2][0].get_segments()[0]
    np.testing.assert_allclose(segment[:, 1], [1.0, 1.2])


def test_cumulative_gain_ends_at_the_total_over_the_baseline(axes: Axes) -> None:
    years = np.linspace(0, 2, 50)
    gain = np.random.default_rng(1).normal(1.0, 1.0, 50)
    figures.draw_cumulative_gain(axes, years, {"network": gain}, np.ones(50), "ETAS")
    render(axes)
    assert labels(axes) == ["network", "ETAS"]
    assert axes.get_lines()[0].get_ydata()[-1] == pytest.approx(gain.sum())  # type: ignore[index]
    assert axes.get_xlim() == (0, 2)
    assert axes.get_ylabel() == "cumulative gain over ETAS (nats)"


def test_training_curve_has_both_losses_by_whole_epochs(axes: Axes) -> None:
    epochs = [{"loss": 3.0, "validation": 3.1}, {"loss": 2.5, "validation": 2.9}]
    draw_training(axes, epochs)
    render(axes)
    assert [list(line.get_ydata()) for line in axes.get_lines()] == [[3.0, 2.5], [3.1, 2.9]]  # type: ignore[arg-type]
    assert all(tick == int(tick) for tick in axes.get_xticks())


def test_stages_are_drawn_apart_since_their_losses_differ(tmp_path) -> None:
    run = Run(tmp_path)
    for stage, loss in (("single", 1.0), ("single", 0.5), ("rollout", 9.0)):
        run.append({"kind": "epoch", "stage": stage, "loss": loss, "validation": None})
    (picture,) = training_section(run).pictures
    drawn = {
        each.get_title(): [list(line.get_ydata()) for line in each.get_lines()]
        for each in picture.figure.axes
    }
    assert drawn == {"single": [[1.0, 0.5]], "rollout": [[9.0]]}
    assert "compare within one" in picture.caption
