"""Maps: where land, cells and events are drawn, and what the reader is told about them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from terrella.earth.grid import make_grid
from terrella.earth.region import Region, box
from terrella.forecast import maps
from terrella.formats.catalogues.catalogue import Catalogue, make_catalogue
from terrella.formats.catalogues.forecast_grid import ForecastGrid

ISSUE_TIME = np.datetime64("2019-07-06T04:00:00", "us")
DAY = np.timedelta64(1, "D")


def events(*rows: tuple[float, float, float, float]) -> Catalogue:
    """Return events of (days after the issue time, longitude, latitude, magnitude)."""
    days, lon, lat, magnitude = np.reshape(np.array(rows, float), (-1, 4)).T
    return make_catalogue(ISSUE_TIME + (days * 86_400e6).astype("timedelta64[us]"), lon, lat, magnitude)


def empty_axes() -> Axes:
    figure = Figure(figsize=(4, 4), dpi=100)
    FigureCanvasAgg(figure)
    return figure.add_axes((0.1, 0.1, 0.8, 0.8))


def pixels(axes: Axes) -> np.ndarray:
    """Return the drawn picture (row from below, column, red green blue) in 0..1."""
    canvas = axes.figure.canvas
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255  # type: ignore[attr-defined]


def colour_at(axes: Axes, view: maps.MapView, longitude: float, latitude: float) -> np.ndarray:
    picture = pixels(axes)
    x, y = axes.transData.transform(np.ravel(view.project(longitude, latitude)))
    return picture[int(y), int(x)]


@pytest.fixture(scope="module")
def forecast() -> ForecastGrid:
    """A triangle of cells in two layers, whose probabilities span six decades."""
    grid = make_grid(Region(((-122.0, 34.0), (-116.0, 34.0), (-119.0, 38.0))), 0.5, [0, 10, 30])
    count = 10 ** np.random.default_rng(0).uniform(-7, -1, (2, *grid.shape))
    count[..., ~grid.mask] = np.nan
    expected, probability = count.astype(np.float32), -np.expm1(-count)
    return ForecastGrid(
        ISSUE_TIME, (1.0, 7.0), grid, 2.5, expected, probability.astype(np.float32), "network"
    )


def of_etas(forecast: ForecastGrid) -> ForecastGrid:
    return replace(forecast, probability=forecast.probability / 3, model="ETAS")


# Well away from coasts and from the graticule. Chukotka lies on both sides of the date line.
@pytest.mark.parametrize(
    ("bounds", "on_land", "at_sea"),
    [
        ((-180, 180, -90, 90), [(23, 13), (133, -24), (-100, 40), (10, -80)], [(-140, -20), (20, -40)]),
        ((0, 360, -90, 90), [(23, 13), (260, 40), (-100, 40), (90, -80)], [(220, -20), (325, 40)]),
        ((160, 200, 50, 72), [(172, 67), (182, 66.5), (-176, 67)], [(182, 58), (-178, 58)]),
        ((-255, -200, -45, -8), [(-225, -25), (146, -24)], [(-247, -38)]),
        ((-125, -114, 32, 42), [(-119, 39.3), (-115, 35)], [(-123.3, 34.7)]),
    ],
)
def test_land_and_sea_are_where_they_belong(
    bounds: tuple[float, float, float, float],
    on_land: list[tuple[float, float]],
    at_sea: list[tuple[float, float]],
) -> None:
    axes, view = empty_axes(), maps.make_view(bounds)
    maps.draw_base(axes, view)
    for place in on_land:
        np.testing.assert_allclose(colour_at(axes, view, *place), to_rgb("#e9e6df"), atol=0.01, err_msg=place)
    for place in at_sea:
        np.testing.assert_allclose(colour_at(axes, view, *place), 1, atol=0.01, err_msg=place)


def test_wide_regions_are_shown_on_the_whole_globe() -> None:
    assert maps.make_view((-130, -5, 0, 60)).bounds == (-247.5, 112.5, -90, 90)
    local = maps.make_view((-125, -114, 32, 42))
    assert (local.globe, local.bounds) == (False, (-125, -114, 32, 42))


@pytest.mark.parametrize("bounds", [(-125, -114, 32, 42), (-180, 180, -90, 90)])
def test_cells_are_drawn_in_their_true_areas(bounds: tuple[float, float, float, float]) -> None:
    grid = make_grid(box(-124, -115, 33, 41), 0.5)
    values = np.arange(grid.area_km2.size, dtype=float).reshape(grid.area_km2.shape)
    values[2, 3] = np.nan
    cells = maps.draw_cells(
        empty_axes(), maps.make_view(bounds), values, grid.longitude_edges, grid.latitude_edges
    )
    finite = np.isfinite(values)
    np.testing.assert_array_equal(cells.get_array().compressed(), values[finite])
    np.testing.assert_array_equal(cells.get_array().mask, ~finite)
    corners = np.array([path.vertices[:4] for path in cells.get_paths()])[finite.ravel()]
    x, y = corners[..., 0], corners[..., 1]
    areas = 0.5 * np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1))
    # The grid's areas are those of a sphere, the map's of the ellipsoid.
    np.testing.assert_allclose(areas, grid.area_km2[finite], rtol=0.006)


def test_events_beyond_the_frame_leave_no_mark() -> None:
    view = maps.make_view((-125, -114, 32, 42))

    def picture(*rows: tuple[float, float, float, float]) -> np.ndarray:
        axes = empty_axes()
        maps.draw_base(axes, view)
        maps.draw_events(axes, view, events(*rows), 2.5, facecolors="red")
        return pixels(axes)

    # West of the slanting frame, but within the rectangle around it.
    np.testing.assert_array_equal(picture((0, -125.4, 40, 3)), picture())
    assert (picture((0, -120, 40, 3)) != picture()).any()


@given(st.lists(st.floats(2.5, 9.5), min_size=2, max_size=20))
def test_larger_events_are_larger_and_drawn_first(magnitudes: list[float]) -> None:
    catalogue = events(*[(0, -120, 36, m) for m in magnitudes])
    view = maps.make_view((-125, -114, 32, 42))
    sizes = np.asarray(maps.draw_events(empty_axes(), view, catalogue, 2.5).get_sizes())
    assert (np.diff(sizes) <= 0).all()
    assert sizes.max() <= 700
    assert sizes.min() >= 6 - 1e-9


@pytest.mark.parametrize(
    ("highest", "top"), [(1.0, 1.0), (0.99, 1.0), (0.1, 0.1), (0.03, 0.1), (2e-5, 1e-4), (0.0, 1.0)]
)
def test_the_scale_has_four_decades_up_to_the_highest_probability(highest: float, top: float) -> None:
    scale = maps._scale([np.array([0.0, np.nan]), np.array([highest, highest / 2])])
    assert scale.vmax == pytest.approx(top)
    assert scale.vmin == pytest.approx(top / 1e4)


def test_colours_darken_evenly_so_that_grey_prints_read_alike() -> None:
    linear = np.array([maps._COLOURS(value)[:3] for value in np.linspace(0, 1, 64)]) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance) - 16
    steps = -np.diff(lightness)
    assert (steps > 0).all()
    assert steps.max() < 2.5 * np.median(steps)


def test_figure_shows_the_model_beside_etas_on_one_scale(forecast: ForecastGrid) -> None:
    catalogue = events((-31, -119, 35, 6), (-29, -119, 35, 6), (-1, -119, 35, 3), (-1, -119, 35, 2.4),
                       (0, -119, 35, 4), (0.5, -119, 35, 5), (3, -119, 35, 3), (8, -119, 35, 7))  # fmt: skip
    figure = maps.forecast_figure(forecast, of_etas(forecast), catalogue)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == [
        "network: next day", "ETAS: next day", "network: next 7 days", "ETAS: next 7 days",
    ]  # fmt: skip
    for pair, n_following in ((panels[:2], 2), (panels[2:], 3)):
        cells = [axes.collections[0] for axes in pair]
        assert cells[0].norm is cells[1].norm
        np.testing.assert_allclose(cells[0].get_array().max() / cells[1].get_array().max(), 3, rtol=0.1)
        for axes in pair:
            # An event at the issue time is no longer past; small and old ones are not shown.
            assert [len(drawn.get_offsets()) for drawn in axes.collections[1:]] == [2, n_following]
    bars = [axes.get_ylabel().replace("\n", " ") for axes in figure.axes if axes.get_ylabel()]
    assert bars == [
        f"probability of one or more M ≥ 2.5 earthquakes in {period}, per 0.5° cell"
        for period in ("1 day", "7 days")
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "past 30 days", "following, within the horizon", "M 3", "M 4", "M 5", "M 6",
    ]  # fmt: skip


def test_one_horizon_can_be_shown_alone(forecast: ForecastGrid) -> None:
    figure = maps.forecast_figure(forecast, of_etas(forecast), events(), horizons=(1,))
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == [
        "network: next 7 days",
        "ETAS: next 7 days",
    ]
    assert figure.legends == []  # nothing to explain


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_forecasts_of_nothing_and_of_certainty_are_drawn(
    forecast: ForecastGrid, tmp_path: Path, value: float
) -> None:
    flat = replace(
        forecast, probability=np.where(forecast.grid.mask, value, np.nan) + 0 * forecast.probability
    )
    maps.draw_forecast(flat, flat, events(), tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_files_have_the_format_of_their_suffix_and_png_without_one(
    forecast: ForecastGrid, tmp_path: Path
) -> None:
    etas = of_etas(forecast)
    maps.draw_forecast(forecast, etas, events((1, -119, 35, 4)), tmp_path / "map")
    maps.draw_forecast(forecast, etas, events((1, -119, 35, 4)), tmp_path / "map.pdf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.pdf", "map.png"]
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "map.pdf").read_bytes().startswith(b"%PDF")


def test_degrees_are_named_as_on_a_globe() -> None:
    named = [maps._longitude(value) for value in (0, 12.5, -120, 180, -180, 190, 370)]
    assert named == ["0°", "12.5°E", "120°W", "180°", "180°", "170°W", "10°E"]
    assert [maps._latitude(value) for value in (-45, 0, 36)] == ["45°S", "0°", "36°N"]


@given(low=st.floats(-180, 170), width=st.floats(0.2, 360))
def test_graticules_have_a_few_round_lines(low: float, width: float) -> None:
    ticks = maps._ticks(low, low + width)
    assert 1 <= len(ticks) <= 7
    assert (ticks >= low - 1e-6).all()
    assert (ticks <= low + width + 1e-6).all()


def test_a_title_names_the_model_of_its_own_horizon(forecast: ForecastGrid) -> None:
    mixed = replace(forecast, model="network, ETAS", models=("network", "ETAS"))
    figure = maps.forecast_figure(mixed, of_etas(forecast), events())
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[::2] == ["network: next day", "ETAS: next 7 days"]
