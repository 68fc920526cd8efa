"""Sections of a survey: waves of events in noise, with their labels."""

import numpy as np

from terrella.errors import InputError
from terrella.segment.data.labelled import Arrivals, LabelledSection
from terrella.segment.synthetic.arrays import place
from terrella.segment.synthetic.arriving import Arriving, add_coda, add_wave, arrive, start
from terrella.segment.synthetic.events import draw_event
from terrella.segment.synthetic.labels import Mask, label
from terrella.segment.synthetic.noise import Samples, add_noise
from terrella.segment.synthetic.rays import Floats
from terrella.segment.synthetic.real_noise import RealNoise
from terrella.segment.synthetic.survey import Survey
from terrella.segment.synthetic.trouble import spoil


def make_section(
    survey: Survey,
    index: int,
    shape: tuple[int, int],
    noise_only: bool = False,
    real: RealNoise | None = None,
) -> LabelledSection:
    """Return section `index` of a survey, of `shape` (trace, sample); amplitudes are in units of the noise.

    It is a function of the survey, the index, the shape and `noise_only`, which leaves out all events; without it,
    too, some sections hold none. The mask is 1 from the visible onset of a P or S wave to the end of its pulse. It
    is 255, unlabelled, where it is doubtful that the wave can be seen even in a stack of neighbours, or the
    receiver is dead; such arrivals are not listed. `real` takes the place of the survey's coloured noise.

    Parameters
    ----------
    survey : Survey
        From `make_survey`.
    index : int
        0 or more.
    shape : (int, int)
        Of the array (trace, sample).
    noise_only : bool
        Leave out all events.
    real : RealNoise, optional
        Records to cut noise from.

    Returns
    -------
    LabelledSection
        Samples and mask (trace, sample), onsets in s.

    Raises
    ------
    InputError
        For a negative index or a shape of less than 2 traces or 16 samples.
    """
    _check(index, shape)
    samples, mask = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    arrivals = _fill(survey, index, samples, mask, noise_only, real)
    return LabelledSection(samples, mask, survey.interval_s, survey.array.spacing_m, arrivals, survey.name)


def _check(index: int, shape: tuple[int, int]) -> None:
    if index < 0 or len(shape) != 2 or shape[0] < 2 or shape[1] < 16:
        raise InputError(
            f"section {index} of shape {tuple(shape)}; expected an index of 0 or more and at least "
            "2 traces of 16 samples"
        )


def _fill(
    survey: Survey, index: int, samples: Samples, mask: Mask, noise_only: bool, real: RealNoise | None
) -> Arrivals:
    """Write a section into zeros."""
    rng = np.random.default_rng([1, survey.seed, index, *survey.name.encode()])
    coupling = rng.lognormal(0, survey.faulty.coupling, len(samples))
    events = [] if noise_only else _draw_waves(survey, samples.shape, coupling, rng)
    for waves in events:
        for wave in waves:
            add_wave(samples, wave, survey.interval_s)
    add_coda(samples, [wave for waves in events for wave in waves], survey, rng)
    noise = np.zeros_like(samples)
    add_noise(noise, survey, rng, real)
    noise *= np.sqrt(coupling)[:, None].astype(np.float32)  # in part it is the instrument's own
    deviation = np.maximum(noise.std(axis=1).astype(float), 1e-6)
    samples += noise
    dead = spoil(samples, survey, rng)
    return label(mask, events, deviation, dead, survey.interval_s)


def _draw_waves(
    survey: Survey, shape: tuple[int, ...], coupling: Floats, rng: np.random.Generator
) -> list[list[Arriving]]:
    traces, length = shape
    about = survey.seismicity
    if rng.random() < about.without:
        return []
    receivers = place(survey.array, traces)
    delay_s = survey.faulty.statics_s * rng.standard_normal(traces)
    number = 1 + rng.poisson((about.per_section - 1) * length / 1024 * max(1.0, traces / 512))
    made = []
    for _ in range(number):
        waves = arrive(survey, receivers, draw_event(survey, traces, rng), coupling, delay_s)
        made.append(start(waves, length * survey.interval_s, rng))
    return made
