"""What the report says of temperatures: its sections, and in a sentence whether the network is better."""

from collections.abc import Mapping
from typing import Any

from terrella.engine.judge.document import Shown, beside, gain_of, signed
from terrella.engine.judge.report import Section, score_tables
from terrella.interior.choosing import NETWORK
from terrella.interior.judging import pictures
from terrella.interior.judging.scores import Scored
from terrella.interior.learning.samples import Prepared, Rocks
from terrella.interior.model import InteriorModel
from terrella.interior.profiles.reference import geotherms, reference_profiles
from terrella.real_data import data_folder

SHOWN: Shown = [
    ("crps", "CRPS (K)", 1, 1.0), ("rmse", "RMSE (K)", 0, 1.0), ("cover50", "in 50 %", 1, 100.0),
    ("cover90", "in 90 %", 1, 100.0), ("width90", "width 90 % (K)", 0, 1.0), ("composition", "rock (%)", 1, 100.0),
]  # fmt: skip


def sections(
    document: Mapping[str, Any],
    model: InteriorModel,
    given: Prepared,
    rocks: Rocks,
    scored: Mapping[str, Scored],
) -> list[Section]:
    """Return the sections of the report."""
    folder = data_folder() / "interior"
    profiles = reference_profiles(folder)
    own = document["models"]
    columns = [each for each in SHOWN if any(each[0] in of for of in own.values())]
    return [
        Section("Scores", _ABOUT, score_tables("All models on the same rocks, with 95 % intervals.", own, columns)),
        Section("Calibration", _ABOUT_CALIBRATION, [], [pictures.coverage(scored)]),
        Section("By pressure", _ABOUT_PRESSURE, [], [pictures.by_pressure(scored, rocks)]),
        Section(
            "The Earth", _about_earth(model), [], pictures.earth(model, given.whole, profiles, geotherms(folder))
        ),
        Section("Pressure", _ABOUT_INTEGRAL, [], [pictures.pressures(profiles)]),
    ]  # fmt: skip


def lead(document: Mapping[str, Any], split: str) -> str:
    """Return whether the network is better than each baseline, in a sentence each."""
    said = []
    for pair in [pair for pair in document["paired"] if pair["score"] == "crps"]:
        gain = gain_of(pair)
        said.append(
            f"The network's CRPS {beside(gain)} that of {pair['over']}; it gains {signed(gain, ' to ')} K."
        )
    where = {
        "test": "Rocks of pressures and temperatures that no model saw.",
        "dev": "The rocks that calibrated the intervals.",
        "train": "Rocks that the models learned from.",
    }[split]
    trusted = document["trusted"]
    why = "" if trusted == NETWORK else ", since on dev the network was not shown to be better"
    return " ".join([where, *said, f"`predict` uses {trusted}{why}."])


def _about_earth(model: InteriorModel) -> str:
    return (
        f"Temperatures by {model.trusted} from each reference model's own vp, vs and density, as if it were a rock "
        f"of the table ({', '.join(model.names)}). Grey at the side marks depths that are extrapolated: no rock of "
        "the table explains what is seen, or the interval reaches its first or last temperature. There the "
        "temperature is the table's nearest, and no finding on the Earth. Reference models are smooth means over "
        "the globe."
    )


_ABOUT = (
    "Every model sees pressure, vp, vs and density with the same errors. Whole pressures and whole temperatures of "
    "the table are held out. CRPS is the continuous ranked probability score (Gneiting & Raftery 2007); coverage "
    "is the share of true temperatures in the central intervals. All models' intervals are calibrated on the dev "
    "split in one way, regressions' by their residuals. The table inversion knows the errors and the table: "
    "between the table's pressures no method can be much better."
)
_ABOUT_CALIBRATION = (
    "Intervals are honest where the curve lies on the diagonal; below it they are too narrow."
)
_ABOUT_PRESSURE = "A score of one pressure is a mean over temperatures, compositions and draws of the errors."
_ABOUT_INTEGRAL = (
    "Pressure follows from density by integration, dP/dz = ρ g: nothing is learned, and no network is used."
)
