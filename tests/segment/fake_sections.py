"""Small sections with straight arrivals in white noise, to learn and judge in seconds."""

import numpy as np

from terrella.segment.data.labelled import Arrivals, LabelledSection
from terrella.segment.data.sections import Entry

INTERVAL_S = 0.002
LENGTH = 8  # samples of a wavelet


def make_section(seed, shape=(16, 64), amplitude=6.0, events=1, group="one", noise=1.0):
    """Return a section with `events` slanting arrivals at random times, labelled over their wavelets."""
    draw = np.random.default_rng(seed)
    samples = noise * draw.standard_normal(shape).astype(np.float32)
    mask = np.zeros(shape, np.uint8)
    rows = []
    for event in range(events):
        first, slope = draw.integers(4, shape[1] // 2), draw.uniform(-0.5, 0.5)
        for trace in range(shape[0]):
            onset = int(np.clip(round(first + slope * trace), 1, shape[1] - LENGTH))
            wavelet = amplitude * np.sin(np.arange(1, LENGTH + 1) * 2 * np.pi / LENGTH)
            samples[trace, onset : onset + LENGTH] += wavelet
            mask[trace, onset : onset + LENGTH] = 1
            rows.append((event, trace, "P", onset * INTERVAL_S, amplitude))
    event, trace, phase, time_s, snr = zip(*rows, strict=True) if rows else ((),) * 5
    arrivals = Arrivals(
        np.array(event, np.int64),
        np.array(trace, np.int64),
        np.array(phase, "U1"),
        np.array(time_s, float),
        np.array(snr, float),
    )
    return LabelledSection(samples, mask, INTERVAL_S, 10.0, arrivals, group)


def make_entry(section, split="test", name="section"):
    """Return a section in memory as an entry."""
    return Entry(
        name, section.group, split, section.samples.shape, lambda: section,
        lambda *where: section.samples[where], lambda *where: section.mask[where],
    )  # fmt: skip


def make_entries(groups=6, each=3, **about):
    """Return sections of several groups, of which the last two are dev and test; every third has no event."""
    entries = []
    for number in range(groups):
        split = "test" if number == groups - 1 else "dev" if number == groups - 2 else "train"
        for k in range(each):
            section = make_section([number, k], group=f"survey {number}", events=int(k % 3 < 2), **about)
            entries.append(make_entry(section, split, f"survey {number}, section {k}"))
    return entries


def perfect_scores(section, noise=0.0, seed=0):
    """Return scores that follow the mask, with noise."""
    draw = np.random.default_rng(seed)
    return ((section.mask == 1) + noise * draw.standard_normal(section.mask.shape)).astype(np.float32)
