"""The five domains: data sets that differ as the published ones do."""

from dataclasses import replace

from terrella.earth.seismograms.coda import Scattering
from terrella.earth.seismograms.paths import Attenuation
from terrella.errors import InputError
from terrella.pick.store import Store
from terrella.pick.synthetic.generator import Domain, generate

LATE_S = 0.5  # what INSTANCE's picks are late (Münchmeyer et al. 2022, section 4.3)

LOCAL = Domain(
    name="local",
    seconds=60.0,
    distance_km=(3.0, 150.0),
    nearness=1.0,
    depth_km=(1.0, 25.0),
    magnitude=(0.8, 5.0),
    b_value=0.8,
    stations_per_event=8,
    stress_drop_pa=3e6,
    along=Attenuation(q_p=200.0, q_s=120.0, exponent=0.7),
    scattering=Scattering(share=2.0, decay_s=5.0),
    noise_level=(0.2, 0.6),
    short_period=0.7,
    first_arrival=(0.1, 0.5),
)
_REGIONAL = replace(
    LOCAL,
    name="regional",
    seconds=120.0,
    distance_km=(120.0, 900.0),
    depth_km=(2.0, 32.0),
    magnitude=(2.0, 6.0),
    along=Attenuation(q_p=350.0, q_s=300.0, exponent=0.6),
    scattering=Scattering(share=4.0, decay_s=15.0),
    noise_level=(0.15, 0.5),
    short_period=0.4,
    first_arrival=(0.1, 0.3),
    named=True,
)
_TELESEISMIC = replace(
    _REGIONAL,
    name="teleseismic",
    distance_km=(300.0, 10000.0),
    nearness=1.2,
    depth_km=(5.0, 600.0),
    magnitude=(4.5, 7.8),
    b_value=1.0,
    stress_drop_pa=4e6,
    noise_level=(0.1, 0.45),
    short_period=0.0,
    first_arrival=(0.25, 0.45),
    vertical_only=0.1,
    named=False,
)
_COMPUTED = replace(LOCAL, name="computed", computed_s=(0.2, 0.25), computed_slow=0.01)
_LATE = replace(LOCAL, name="late", late_s=LATE_S)

_BY_NAME = {domain.name: domain for domain in (LOCAL, _REGIONAL, _TELESEISMIC, _COMPUTED, _LATE)}
DOMAINS = tuple(_BY_NAME)

_TRACES = 1000


def make_domain(
    name: str, traces: int = _TRACES, seed: int = 0, rate_hz: float = 100.0, seconds: float | None = None
) -> Store:
    """Return the labelled traces of a domain, by default as long as its own; the same for the same seed.

    `local` has picks of P and S within 150 km, `regional` of Pn, Pg, Sn and Sg to 900 km, `teleseismic` of the
    first P from 3° to 90° with S where it falls into the record. `computed` is local with labels from a travel
    time model that is too slow and locations that are not exact; `late` is local with picks 0.5 s after the onset.
    About a quarter of the traces is noise; three fifths of the events are for training, a tenth for development.

    Parameters
    ----------
    name : str
        Of the domain.
    traces : int
        How many, three components each.
    seed : int
        Of everything that is drawn.
    rate_hz : float
        In Hz.
    seconds : float, optional
        Length of each trace, in s.

    Raises
    ------
    InputError
        For an unknown name, or numbers of traces, rates or lengths that make no record.
    """
    if name not in _BY_NAME:
        raise InputError(f"there is no synthetic domain {name!r}; there are {', '.join(DOMAINS)}")
    domain = _BY_NAME[name]
    seconds = domain.seconds if seconds is None else seconds
    if not (traces >= 1 and 1.0 <= rate_hz <= 1000.0 and 10.0 <= seconds <= 3600.0):
        raise InputError(
            f"synthetic:{name} with {traces} traces of {seconds:g} s at {rate_hz:g} Hz; expected at least "
            "one trace, 10 to 3600 s, 1 to 1000 Hz"
        )
    return generate(domain, traces, seed, rate_hz, seconds)
