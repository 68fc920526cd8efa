"""What a training leaves beside its network: regressions, calibrations, and the choice which model predicts."""

from collections.abc import Sequence

import torch

from terrella.engine.judge.document import signed
from terrella.engine.task import Made, Trained
from terrella.interior.card import make_card
from terrella.interior.choosing import NETWORK, Choice, Models, choose
from terrella.interior.learning.features import scaling_of
from terrella.interior.learning.network import TemperatureNetwork
from terrella.interior.learning.samples import Prepared
from terrella.interior.models.distribution import edges_of
from terrella.interior.models.regression import ADIABATIC, fit_regressions
from terrella.interior.settings import InteriorSettings


def finish(trained: Trained[InteriorSettings, Prepared], report: object) -> Made:
    """Return the bundle of a trained network, with the choice made on dev."""
    given, network = trained.data, trained.network
    assert isinstance(network, TemperatureNetwork)
    train = given.parts["train"]
    regressions = tuple(fit_regressions(given.grid, train.seen, train.temperature_k))
    edges = edges_of(given.grid, trained.settings.network.bins)
    models = Models(network, scaling_of(given.grid, given.noise), given.grid, edges, regressions)
    choice = choose(models, given.parts["dev"])
    said = _said(choice, models.names)
    card = make_card(trained.settings, given, said, trained.mark)
    values = {
        "trusted": choice.trusted, "names": list(given.grid.names), "models": list(models.names),
        "data_mark": given.mark, "deviations": [each.deviation_k for each in regressions],
    }  # fmt: skip
    return Made({**network.state_dict(), **_arrays(models, choice)}, values, card, said)


def _arrays(models: Models, choice: Choice) -> dict[str, torch.Tensor]:
    grid = models.grid
    arrays = {
        "pressure_gpa": grid.pressure_gpa, "temperature_k": grid.temperature_k, "ln": grid.ln,
        "noise": models.scaling.noise,
        **{f"stated_{n}": choice.stated[name] for n, name in enumerate(models.names)},
        **{f"regression_{n}": each.coefficients for n, each in enumerate(models.regressions)},
    }  # fmt: skip
    path = next((each.path for each in models.regressions if each.path is not None), None)
    if path is not None:
        arrays["adiabat"] = path.values
    return {name: torch.as_tensor(each) for name, each in arrays.items()}


def _said(choice: Choice, names: Sequence[str]) -> list[str]:
    gain = signed(choice.gain_k)
    over = f"CRPS less by {gain} K than that of {choice.best}, the best classical model, on dev"
    if choice.trusted == NETWORK:
        lines = [f"the network predicts: {over}"]
    else:
        lines = [f"{choice.best} predicts, since the network is not shown to be better: {over}"]
    if ADIABATIC not in names:
        lines.append(f"no {ADIABATIC}: the table has no entropy of all cells")
    return lines
