"""A trained model of magnitudes and distances as a bundle, and what predicting needs of it."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.engine.settings import parse_settings
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.engine.use.checked import checked_array, checked_network, checked_values, values_layout
from terrella.errors import InputError
from terrella.motion.settings import MotionSettings
from terrella.motion.single_station.classical import CASES, CHOICE, MODELS, Fitted
from terrella.motion.single_station.held_out import of_member
from terrella.motion.single_station.network import StationNetwork, last_member
from terrella.motion.single_station.prepared import Scaling
from terrella.motion.single_station.scores import stretched
from terrella.motion.single_station.traces import SCALARS, Floats, Traces
from terrella.motion.single_station.training import make_network, windowing
from terrella.motion.single_station.windows import Windowing

TASK = "motion"
WHY = (
    "", "the window was cut short", "amplitude or frequency outside the training's",
    "magnitude outside the training's", "distance outside the training's",
)  # fmt: skip
_LAYOUT = values_layout(TASK, trusted=tuple[str, ...], distance=str, unit=str, members=int)
_SHORT, _AMPLITUDES = 0.99, slice(0, SCALARS.index("frequency") + 1)


@dataclass(frozen=True, eq=False)
class StationModel:
    """A model of magnitudes and distances ready for use.

    Parameters
    ----------
    network : StationNetwork
        All members; the last one saw all traces.
    trusted : tuple of str
        Which model predicts: magnitude with a pick of S, without; distance with, without.
    stretch : array (model, 2)
        What deviations are multiplied by, of the models that may predict.
    distance : str
        hypocentral or epicentral.
    unit : str
        Of the waveforms it was trained on.
    """

    network: StationNetwork
    fitted: Fitted
    scaling: Scaling
    trusted: tuple[str, ...]
    stretch: Floats
    scalar_range: Floats
    target_range: Floats
    distance: str
    unit: str
    settings: MotionSettings

    @property
    def windowing(self) -> Windowing:
        """How it wants windows to be cut."""
        return windowing(self.settings.data)

    def gaussians(self, traces: Traces) -> Floats:
        """Return magnitude and log₁₀ distance by the trusted models, (trace, 2, 2): mean and deviation."""
        every = of_member(self.network, self.fitted, self.scaling, -1, traces)
        own = np.stack([stretched(every[name], by) for name, by in zip(CHOICE, self.stretch, strict=True)])
        at = np.vectorize(CHOICE.index, otypes=[int])(self.names(traces))
        return np.asarray(own[at, np.arange(len(traces))[:, None], np.arange(2)])

    def names(self, traces: Traces) -> npt.NDArray[Any]:
        """Return which model each trace's magnitude and distance are by, (trace, 2)."""
        of_case = np.array(self.trusted, object).reshape(2, len(CASES)).T
        return np.asarray(of_case[np.where(np.isfinite(traces.sp_s), 0, 1)])

    def why(self, traces: Traces, found: Floats) -> npt.NDArray[np.int64]:
        """Return why a row is extrapolated, as a position in `WHY`; 0 where it is not."""
        low, high = self.scalar_range[:, _AMPLITUDES]
        own = traces.scalars[:, _AMPLITUDES]
        why = np.zeros(len(traces), np.int64)
        reach = self.target_range
        for k in (1, 0):
            mean = found[:, k, 0]
            why[(mean < reach[0, k]) | (mean > reach[1, k])] = 3 + k
        why[((own < low) | (own > high)).any(1)] = 2
        why[traces.scalars[:, SCALARS.index("seen")] < _SHORT] = 1
        return why


def load_station_model(where: Path | str) -> StationModel:
    """Return a trained model of magnitudes and distances ready for use.

    Parameters
    ----------
    where : Path or str
        A bundle's folder, its run's, or the name of a run in `runs/motion`.

    Returns
    -------
    StationModel
        Magnitudes, and distances in km, of traces.

    Raises
    ------
    InputError
        Where there is no bundle, or it is damaged.
    """
    model = model_of(load_bundle(Path(where), TASK))
    return replace(model, network=last_member(model.network))


def model_of(bundle: Bundle) -> StationModel:
    """Return the model of a bundle.

    Raises:
        InputError: where the bundle is at fault.
    """
    settings = parse_settings(MotionSettings, bundle.settings, bundle.where)
    if settings.data.kind != "waveforms":
        raise InputError(
            f"{bundle.where} is of a flatfile: it gives motions of scenarios, and takes no waveforms"
        )
    values = checked_values(bundle, _LAYOUT)
    shapes = _shapes(settings.data.event_folds + 1, len(SCALARS))
    arrays = {name: checked_array(bundle, name, *shape) for name, shape in shapes.items()}
    weights = {name: each for name, each in bundle.tensors.items() if name not in shapes}
    network = checked_network(lambda: make_network(settings), weights, bundle.where)
    fitted = Fitted(*(arrays[each.name] for each in fields(Fitted)))
    scaling = Scaling(*(arrays[each.name] for each in fields(Scaling)))
    return StationModel(
        network, fitted, scaling, values["trusted"], arrays["stretch"], arrays["scalar_range"],
        arrays["target_range"],
        values["distance"], values["unit"], settings,
    )  # fmt: skip


def _shapes(members: int, scalars: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of what a bundle holds beside the weights."""
    return {
        "scalar_mean": (scalars,), "scalar_deviation": (scalars,), "target_mean": (2,), "target_deviation": (2,),
        "regression": (members, 1 + scalars, 2), "relation": (members, 4), "sp": (members,), "mean": (members, 2),
        "deviation": (members, len(MODELS) - 1, 2), "stretch": (len(CHOICE), 2), "scalar_range": (2, scalars),
        "target_range": (2, 2),
    }  # fmt: skip
