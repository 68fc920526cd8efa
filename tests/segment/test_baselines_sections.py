"""Classical detectors: known values, ObsPy's, and what they find in modelled sections."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.segment.baselines import BASELINES, FAULT_BASELINES
from terrella.segment.baselines.coherence import discontinuity
from terrella.segment.baselines.semblance import semblance
from terrella.segment.baselines.sta_lta import sta_lta
from terrella.segment.synthetic.section import make_section
from terrella.segment.synthetic.survey import make_survey


def _plane_wave(traces=40, length=200, step=1.5):
    """Return a wave that comes `step` samples later on each trace, without noise."""
    at = np.arange(length)[None, :] - 40 - step * np.arange(traces)[:, None]
    return np.exp(-0.5 * (at / 6) ** 2) * np.cos(0.4 * at)


def test_sta_lta_is_obspys():
    from obspy.signal.trigger import classic_sta_lta

    samples = np.random.default_rng(0).standard_normal((5, 900))
    ours = sta_lta(samples, 0.01, 0.2, 1.5)
    theirs = np.stack([classic_sta_lta(row.astype(np.float32).astype(float), 20, 150) for row in samples])
    np.testing.assert_allclose(ours[:, 150:], theirs[:, 150:], rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 400), st.floats(1e-6, 1e6))
def test_sta_lta_has_the_samples_shape_and_no_unit(traces, length, scale):
    samples = np.random.default_rng(length).standard_normal((traces, length)).astype(np.float32)
    scores = sta_lta(samples, 0.001)
    assert scores.shape == samples.shape
    assert (scores >= 0).all()
    assert (scores <= 256 / 16 + 1e-3).all()  # all of the long window's energy in the short one
    np.testing.assert_allclose(sta_lta(samples * np.float32(scale), 0.001), scores, rtol=1e-3)


def test_sta_lta_rises_at_an_onset_and_keeps_to_its_trace():
    samples = np.random.default_rng(1).standard_normal((3, 1000))
    samples[1, 600:640] *= 10
    scores = sta_lta(samples, 0.001)
    assert 600 <= scores[1].argmax() <= 640
    assert scores[1].max() > 3 * max(scores[0].max(), scores[2].max())
    assert not sta_lta(np.zeros((2, 100)), 0.001).any()


@pytest.mark.parametrize("step", [-2.0, 0.0, 1.5])
def test_semblance_of_a_plane_wave_is_one(step):
    samples = _plane_wave(step=step) if step >= 0 else _plane_wave(step=-step)[::-1]
    slowness = np.array([step * 0.001 / 5.0])
    found = semblance(samples, 0.001, 5.0, traces=11, window=9, slowness=slowness)
    strong = np.abs(samples) > 0.3
    assert found[strong].min() > 0.99  # between samples it is read by linear interpolation
    assert found.max() <= 1
    across = semblance(samples, 0.001, 5.0, traces=11, window=9, slowness=slowness + 2e-3)
    assert across[10:30][strong[10:30]].max() < 0.6


def test_semblance_of_white_noise_is_one_over_the_traces():
    samples = np.random.default_rng(0).standard_normal((60, 2000))
    for traces in (5, 11):
        found = semblance(samples, 0.001, 5.0, traces=traces, window=33, slowness=np.zeros(1))
        inside = found[traces:-traces, 50:-50]
        assert inside.mean() == pytest.approx(1 / traces, rel=0.03)


def test_more_slownesses_find_no_less():
    samples = np.random.default_rng(0).standard_normal((30, 300))
    few, many = (
        semblance(samples, 0.001, 5.0, slowness=each) for each in (np.zeros(1), np.array([-2e-4, 0, 1e-4]))
    )
    assert (many >= few).all()
    assert (many > few).any()


def test_semblance_finds_what_no_single_trace_shows():
    wave = _plane_wave(60, 400, 1.0)
    samples = 0.8 * wave + np.random.default_rng(2).standard_normal(wave.shape)
    found = semblance(samples, 0.001, 5.0)
    strong = np.abs(wave) > 0.5
    assert np.median(found[strong]) > np.quantile(found[np.abs(wave) < 1e-6], 0.99)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_score_arrivals_higher(name):
    """On geophones and a fibre along the surface, where no tube waves resemble the arrivals."""
    inside, outside = [], []
    for seed in (100, 102, 104, 106):
        for index in range(3):
            section = make_section(make_survey(seed), index, (96, 768))
            scores = BASELINES[name](section.samples, section.interval_s, section.spacing_m)
            assert scores.shape == section.samples.shape
            assert np.isfinite(scores).all()
            assert (scores >= 0).all()
            inside.append(scores[section.mask == 1])
            outside.append(scores[section.mask == 0])
    assert np.concatenate(inside).mean() > 1.5 * np.concatenate(outside).mean()


@pytest.mark.parametrize("shape", [(30, 80), (12, 14, 60)])
def test_discontinuity_is_zero_in_dipping_layers_and_one_at_most(shape):
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    layers = np.cos(0.3 * (axes[-1] - 0.5 * axes[-2]))
    scores = FAULT_BASELINES["discontinuity"](layers, 0.004, 12.5)
    assert scores.shape == shape
    inside = scores[..., 10:-10]
    assert inside.max() < 0.02
    noise = discontinuity(np.random.default_rng(0).standard_normal(shape))
    assert 0.2 < noise.mean() < 1
    assert (noise >= 0).all()


def test_discontinuity_shows_a_step():
    layers = np.tile(np.cos(0.5 * np.arange(100)) * np.hanning(100), (40, 1))
    layers[20:] = np.roll(layers[20:], 6, axis=1)  # half a cycle
    scores = discontinuity(layers, aside=1)
    assert scores[19:21, 30:70].min() > 0.2
    assert scores[2:17, 30:70].max() < 0.02


def test_discontinuity_of_one_axis_is_refused():
    with pytest.raises(InputError, match="image or a volume"):
        discontinuity(np.zeros(10))
