"""STA/LTA detects, AIC picks: one baseline that answers both questions."""

from dataclasses import dataclass, field, replace

from terrella.pick.classical.aic import AIC
from terrella.pick.classical.sta_lta import STALTA
from terrella.pick.picker import Answers, Windows
from terrella.pick.store import Store


@dataclass(frozen=True)
class STALTAWithAIC:
    """The detections of STA/LTA and the onsets of AIC."""

    detector: STALTA = field(default_factory=STALTA)
    onsets: AIC = field(default_factory=AIC)
    name: str = "STA/LTA and AIC"

    def answer(self, store: Store, windows: Windows) -> Answers:
        """Return detections and onsets of P and S; the phase is NaN."""
        detected = self.detector.answer(store, windows)
        return replace(self.onsets.answer(store, windows), detection=detected.detection)
