"""Noise from records: scaled, cut, resampled, and refused where there is none."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrella.errors import InputError
from terrella.segment.synthetic.real_noise import find_records, load_noise
from terrella.segment.synthetic.section import make_section
from terrella.segment.synthetic.survey import make_survey


@dataclass
class _Record:
    values: np.ndarray
    interval: float = 0.001
    unit: str = "s"
    path: Path = Path("record.h5")
    spacing_m: float | None = 1.0
    about: dict = field(default_factory=dict)

    @property
    def shape(self):
        return self.values.shape

    def read(self, *where):
        return self.values[where].astype(np.float32)


def _white(traces=40, length=600, seed=0):
    return 7.0 + 3e-6 * np.random.default_rng(seed).standard_normal((traces, length))


def test_records_get_unit_deviation_and_lose_what_is_broken():
    values = _white()
    values[3], values[5, 10] = 7.0, np.nan
    values[:, 20] += 1.0  # a glitch on all traces
    values = values.astype(np.float64)
    noise = load_noise([_Record(np.where(np.isfinite(values), 1e3 * (values - 7), values))])
    assert noise.records[0].shape == (38, 600)
    assert np.abs(np.delete(noise.records[0], 20, axis=1)).max() < 6
    assert np.median(np.delete(noise.records[0], 20, axis=1).std(1)) == pytest.approx(1, abs=0.05)
    assert np.abs(noise.records[0]).max() == 20


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 150), st.integers(16, 2000), st.integers(0, 99))
def test_cuts_of_any_size_are_pieces_of_the_record(traces, length, seed):
    record = _Record(np.arange(24000, dtype=float).reshape(40, 600) % 997)
    noise = load_noise([record])
    cut = noise.cut((traces, length), 0.001, np.random.default_rng(seed))
    assert cut.shape == (traces, length)
    assert np.isin(np.abs(cut), np.abs(noise.records[0])).all()
    np.testing.assert_array_equal(cut, noise.cut((traces, length), 0.001, np.random.default_rng(seed)))


def test_cuts_are_resampled_to_the_sections_interval():
    time = np.arange(4000) * 0.001
    tone = np.sin(2 * np.pi * 20 * time) + 1e-3 * np.random.default_rng(0).standard_normal((20, 4000))
    cut = load_noise([_Record(tone)]).cut((20, 1000), 0.002, np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(cut, axis=1)).mean(0)
    assert np.fft.rfftfreq(1000, 0.002)[spectrum.argmax()] == pytest.approx(20, abs=0.6)


def test_real_noise_takes_the_place_of_the_coloured_one():
    survey, noise = make_survey(1), load_noise([_Record(_white() * 1e6)])
    modelled, real = make_section(survey, 3, (32, 256)), make_section(survey, 3, (32, 256), real=noise)
    assert not np.array_equal(modelled.samples, real.samples)
    # The events are the same; which of their arrivals can be seen is the noise's matter.
    times, others = (set(section.arrivals.time_s) for section in (modelled, real))
    assert len(times & others) > 0.8 * max(len(times), len(others)) > 0
    again = make_section(survey, 3, (32, 256), real=noise)
    np.testing.assert_array_equal(real.samples, again.samples)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "no records"),
        ([_Record(np.zeros((40, 600)))], "none holds"),
        ([_Record(np.ones((40, 100)))], "none holds"),
        ([_Record(np.ones((4, 40, 600)))], "trace, sample"),
        ([_Record(_white(), unit="m")], "in time"),
    ],
)
def test_records_without_noise_are_refused(records, message):
    with pytest.raises(InputError, match=message):
        load_noise(records)


def test_records_of_events_are_not_noise(tmp_path):
    for name in ("one.h5", "an_event.h5", "two.hdf5", "three.sgy"):
        (tmp_path / name).touch()
    assert [path.name for path in find_records(tmp_path)] == ["one.h5", "two.hdf5"]
    assert find_records(tmp_path / "absent") == []


def test_real_records(shared_data):
    from terrella.formats.sections.open import open_section

    paths = find_records(shared_data / "segment")
    if not paths:
        pytest.skip("no DAS records in the folder of real data")
    noise = load_noise([open_section(path) for path in paths])
    for record in noise.records:
        assert np.isfinite(record).all()
        assert 0.9 < np.median(1.4826 * np.median(np.abs(record), axis=1)) < 1.1
    section = make_section(make_survey(3), 2, (256, 1024), real=noise)
    assert np.isfinite(section.samples).all()
