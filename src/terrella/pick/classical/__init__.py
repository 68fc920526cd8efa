"""The classical methods beside which every network is judged: STA/LTA, AIC, Baer & Kradolfer."""

from terrella.pick.classical.aic import AIC
from terrella.pick.classical.baer_kradolfer import BaerKradolfer, BaerKradolferParameters
from terrella.pick.classical.sta_lta import STALTA
from terrella.pick.classical.sta_lta_aic import STALTAWithAIC
from terrella.pick.picker import Picker


def classical_pickers(parameters: BaerKradolferParameters | None = None) -> list[Picker]:
    """Return STA/LTA with AIC, and Baer & Kradolfer's picker with the parameters that a search found."""
    return [STALTAWithAIC(), BaerKradolfer(parameters or BaerKradolferParameters())]


__all__ = ["AIC", "STALTA", "BaerKradolfer", "BaerKradolferParameters", "STALTAWithAIC", "classical_pickers"]
