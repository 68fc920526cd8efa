"""Further published models, through pygmm: one scenario at a time, as that library works."""

import warnings

import numpy as np

from terrella.motion.flatfile.measures import period_of
from terrella.motion.flatfile.table import MECHANISMS, Flatfile, Floats

NAMES = {"ASB14": "AkkarSandikkayaBommer2014", "BSSA14 (pygmm)": "BooreStewartSeyhanAtkinson2014"}


def available() -> bool:
    """Return whether pygmm is installed."""
    try:
        import pygmm  # noqa: F401
    except ImportError:
        return False
    return True


def peer_median(name: str, records: Flatfile, measures: tuple[str, ...]) -> Floats:
    """Return ln of a model's median in g, of PGV in cm/s, (record, measure).

    Outside its ranges a model is evaluated as it stands; ASB14 knows no unspecified mechanism: it is strike-slip.
    """
    import pygmm

    model = getattr(pygmm, NAMES[name])
    periods = [period_of(measure) for measure in measures]
    spectral = [period for period in periods if period is not None]
    found = np.zeros((len(records), len(measures)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one for each scenario beyond a model's ranges
        for at in range(len(records)):
            mechanism = MECHANISMS[records.mechanism[at]]
            if name == "ASB14" and mechanism == "U":
                mechanism = "SS"
            scenario = pygmm.Scenario(
                mag=float(records.magnitude[at]), dist_jb=float(records.rjb_km[at]),
                v_s30=float(records.vs30_m_s[at]),
                mechanism=mechanism,
            )  # fmt: skip
            answered = model(scenario)
            spectra = (
                iter(np.log(np.atleast_1d(answered.interp_spec_accels(spectral)))) if spectral else iter(())
            )
            for column, (measure, period) in enumerate(zip(measures, periods, strict=True)):
                one = answered.pgv if measure == "PGV" else answered.pga
                found[at, column] = np.log(one) if period is None else next(spectra)
    return found
