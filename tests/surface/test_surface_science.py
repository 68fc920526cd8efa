"""Held-out blocks, the network's constraints, samples and their scores, and tiles that leave no seam."""

import numpy as np
import pytest
import torch

from terrella.engine.judge.comparing import fair_crps
from terrella.errors import InputError
from terrella.surface.grids.grid import Place, held_grid
from terrella.surface.interpolation.bicubic import block_means
from terrella.surface.judging.drainage import channels_found, contributing_area
from terrella.surface.learning.blocks import gaps_in_blocks, make_blocks, refined_blocks
from terrella.surface.learning.finishing import held_out
from terrella.surface.learning.held_out import NETWORK, network_surfaces, surfaces
from terrella.surface.learning.network import Condition, SurfaceNetwork, noise_levels
from terrella.surface.learning.prepared import prepare
from terrella.surface.learning.windows import FILL, REFINE, conditions, window_pixels
from terrella.surface.model import SurfaceModel
from terrella.surface.opening import jacksboro
from terrella.surface.settings import DataSettings, SurfaceSettings
from terrella.surface.use import filling, refining
from terrella.surface.use.tiles import noise_at, tiles_of

SETTINGS = SurfaceSettings.model_validate({"network": {"widths": (4, 8), "steps": 2}})


@pytest.fixture(scope="module")
def prepared():
    return prepare(jacksboro(), SETTINGS, "mark")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = SurfaceNetwork(4, (4, 8))
    for head in (made.regression.head, made.denoiser.head):
        torch.nn.init.normal_(head.weight, std=0.3)
    return made.eval()


def test_no_window_that_is_learned_from_touches_a_held_out_block(prepared):
    blocks, width = prepared.blocks, window_pixels(4, 16)
    learned = np.zeros(blocks.split.shape, bool)
    for row, column in blocks.places:
        learned[row : row + width, column : column + width] = True
    assert not (learned & (blocks.split > 0)).any()
    assert learned.sum() > 0.4 * learned.size
    for split, number in (("dev", 1), ("test", 2)):
        for row, column in blocks.corners[split]:
            assert (blocks.split[row : row + 48, column : column + 48] == number).all()


def test_held_out_windows_judge_their_blocks_alone(prepared):
    data = SETTINGS.data
    for held in (
        refined_blocks(prepared.blocks, "test", data),
        gaps_in_blocks(prepared.blocks, "test", data),
    ):
        values = prepared.blocks.values[prepared.blocks.split == 2]
        assert np.isin(held.windows.truth[held.judged], values).all()
        assert (held.windows.base == held.windows.truth)[~held.windows.unknown].all()
    assert refined_blocks(prepared.blocks, "test", data).judged.sum() == (prepared.blocks.split == 2).sum()


def test_too_small_a_grid_and_too_large_a_gap_are_refused():
    with pytest.raises(InputError, match="are too few to hold some out"):
        make_blocks(np.zeros((100, 100)), DataSettings())
    with pytest.raises(InputError, match=r"set data\.block_pixels to 80 or more"):
        make_blocks(np.zeros((400, 400)), DataSettings(gap_pixels=32))
    full_of_gaps = np.where(np.arange(400) % 40 == 0, np.nan, np.zeros((400, 400)))
    with pytest.raises(InputError, match="0 blocks of 48 × 48 pixels without a gap"):
        make_blocks(full_of_gaps, DataSettings())


def test_before_training_the_network_is_the_classical_surface(prepared):
    for held in held_out(prepared, SETTINGS, "dev").values():
        found = surfaces(SurfaceNetwork(4, (4, 8)).eval(), prepared, SETTINGS, held, 0)
        assert np.array_equal(found.estimates[NETWORK], held.windows.base)


def test_mean_and_samples_contradict_nothing_that_is_known(prepared, network):
    for kind, held in held_out(prepared, SETTINGS, "dev").items():
        found = surfaces(network, prepared, SETTINGS, held, 2)
        truth = held.windows.truth
        for each in (
            found.estimates[NETWORK],
            *found.samples[NETWORK],
            *found.samples["conditional simulation"],
        ):
            assert np.abs(each - held.windows.base)[held.judged].max() > 1
            if kind == REFINE:
                assert np.abs(block_means(each - truth, 4)).max() < 1e-5 * truth.max()
            else:
                assert np.array_equal(each[~held.windows.unknown], truth[~held.windows.unknown])


def test_what_the_network_sees_does_not_know_the_unit_of_heights(prepared):
    windows = refined_blocks(prepared.blocks, "dev", SETTINGS.data).windows
    feet = type(windows)(3.28 * windows.base - 5, windows.unknown, 3.28 * windows.truth - 5, windows.refined)
    (seen, rough), (in_feet, rough_feet) = conditions(windows), conditions(feet)
    assert np.allclose(in_feet, seen, atol=1e-3)
    assert np.allclose(rough_feet, 3.28 * rough, rtol=1e-3)


def test_a_diffusion_without_a_network_draws_what_it_was_preconditioned_for():
    made = SurfaceNetwork(2, (2, 4)).eval()
    given = Condition(torch.ones(4, 2, 32, 32), torch.zeros(4))
    noise = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    drawn = made.samples(given, torch.zeros_like(noise), 30, noise)
    assert float(drawn.std()) == pytest.approx(float(noise.std()), rel=0.05)
    levels = noise_levels(6)
    assert levels[-1] == 0
    assert sorted(levels, reverse=True) == levels


def test_the_crps_is_that_of_all_pairs_and_fair():
    draw = np.random.default_rng(0)
    samples, truth = draw.standard_normal((5, 7)), draw.standard_normal(7)
    pairs = np.abs(samples[:, None] - samples[None]).sum((0, 1)) / (5 * 4)
    assert fair_crps(samples, truth) == pytest.approx(np.abs(samples - truth).mean(0) - pairs / 2)
    many = fair_crps(draw.standard_normal((2, 200_000)), draw.standard_normal(200_000)).mean()
    assert many == pytest.approx(1 / np.sqrt(np.pi), rel=0.02)  # of a normal forecast of itself


def holed(shape):
    values = jacksboro().whole()[: shape[0], : shape[1]].copy()
    draw = np.random.default_rng(0)
    for row, column in draw.integers(8, np.array(shape) - 40, (12, 2)):
        height, width = draw.integers(2, 18, 2)
        values[row : row + height, column : column + width] = np.nan
    values[100:180, 100:110] = np.nan  # too wide
    values[:6, 150:160] = np.nan  # open to the edge
    return values


@pytest.mark.parametrize("trusted", ["network", "thin plate"])
def test_gaps_are_filled_the_same_whatever_the_tiles(network, prepared, trusted):
    model = SurfaceModel(network, {FILL: trusted, REFINE: trusted}, prepared.ratios, SETTINGS)
    values = holed((220, 260))
    made = []
    for size in (400, 90):
        out = np.empty((2, *values.shape), np.float32)
        for tile in tiles_of(values.shape, size, filling.margin_of(model)):
            part = filling.fill_tile(values[tile.read_rows, tile.read_columns], tile, model, 1)
            out[:, tile.rows, tile.columns] = part.layers
        made.append(out)
    assert np.allclose(made[1], made[0], atol=2e-2, equal_nan=True)
    known = ~np.isnan(values)
    assert (made[0][0][known] == values[known]).all()
    left = np.isnan(made[0][0])
    assert left[100:180, 100:110].all()
    assert left[:6, 150:160].all()
    assert left.sum() == 80 * 10 + 6 * 10


def test_a_grid_is_refined_the_same_whatever_the_tiles(network, prepared):
    model = SurfaceModel(network, {FILL: NETWORK, REFINE: NETWORK}, prepared.ratios, SETTINGS)
    values = jacksboro().whole()[:120, :130].copy()
    values[30:34, 40:44] = np.nan
    made = []
    for size in (130, 40):
        out = np.empty((1, 480, 520), np.float32)
        for tile in tiles_of(values.shape, size, refining.margin_of(model)):
            part = refining.refine_tile(values[tile.read_rows, tile.read_columns], tile, model, 0)
            rows, columns = (slice(4 * s.start, 4 * s.stop) for s in (tile.rows, tile.columns))
            out[:, rows, columns] = part
        made.append(out)
    assert np.allclose(made[1], made[0], atol=2e-2, equal_nan=True)
    assert np.isnan(made[0][0]).sum() == 16 * 16


def test_noise_is_the_same_wherever_it_is_asked_from():
    whole = noise_at(0, 0, (200, 210), 3)
    assert np.array_equal(noise_at(70, 33, (90, 100), 3), whole[70:160, 33:133])
    assert not np.array_equal(noise_at(0, 0, (200, 210), 4), whole)


def test_network_surfaces_without_members_are_means_alone(network, prepared):
    windows = gaps_in_blocks(prepared.blocks, "dev", SETTINGS.data).windows
    mean, samples = network_surfaces(network, windows, prepared.ratios, 2, np.zeros((0, *windows.base.shape)))
    assert samples.shape[0] == 0
    assert np.isfinite(mean).all()


def test_water_runs_down_a_valley_and_over_a_hollow():
    down, across = np.mgrid[:20, :15].astype(float)
    plane = contributing_area((20 - down - 0.1 * np.abs(across - 7))[None])[0]
    assert np.array_equal(plane[1:19, 2:6], down[1:19, 2:6]), "a pixel drains into the one below it"
    valley = (20 - down) + 3 * np.abs(across - 7)
    area = contributing_area(valley[None])[0]
    assert (area[3:19].argmax(1) == 7).all()
    hollow = valley.copy()
    hollow[10, 7] -= 50
    assert contributing_area(hollow[None])[0, 18, 7] == area[18, 7]
    judged = np.ones((1, 20, 15), bool)
    found = [channels_found(np.roll(valley, by, 1)[None], valley[None], judged) for by in (0, 1, 4)]
    assert found[0][0] == found[0][1] > 10
    assert found[1][0] > 0.8 * found[1][1]
    assert found[2][0] < 0.3 * found[2][1]


def test_points_far_apart_leave_nothing_to_learn_from():
    values = np.full((400, 400), np.nan, np.float32)
    values[::7, ::5] = 1.0
    with pytest.raises(InputError, match="without a gap"):
        prepare(held_grid("ship tracks", values, Place()), SETTINGS, "mark")
