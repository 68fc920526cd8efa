"""What is done with gaps, rates, missing components and overlapping windows: settings, and the words for them."""

from dataclasses import dataclass, field, replace

from terrella.errors import InputError
from terrella.pick.networks.architecture import Architecture


@dataclass(frozen=True)
class Policies:
    """How continuous records are picked; None stands for what the network's weights ask for."""

    thresholds: dict[str, float] = field(default_factory=dict)  # by phase
    apart_s: float = 0.2  # between picks of one phase; the more probable stays
    edge_s: float = 0.5  # from where a component begins or ends, within which picks are discarded
    shortest_s: float = 5.0  # stretches of record that are shorter are left out
    amplitude_s: float = 2.0  # from the pick, in which the amplitude is the largest
    shifts: int = 1  # of the windows: so many times as many, each sample's answers put together

    def threshold(self, phase: str, architecture: Architecture) -> float:
        """Return the smallest probability of a phase's picks."""
        usual = architecture.detection_threshold if phase == "detection" else architecture.threshold
        return self.thresholds.get(phase, usual)

    def lines(self, architecture: Architecture) -> list[str]:
        """Return the policies in words, for the head of the output."""
        rate = architecture.rate_hz
        phases = ", ".join(
            f"{phase} {self.threshold(phase, architecture):g}" for phase in phases_of(architecture)
        )
        blend = "mean" if architecture.stack == "mean" else "largest"
        step = step_of(architecture)
        lines = [
            f"network: {architecture.title}; least probability of {phases}",
            f"picks of a phase less than {self.apart_s:g} s apart: the more probable one stays",
            f"rate: {rate:g} Hz; other rates are resampled to multiples of {1 / rate:g} s since 1970; samples "
            "of this rate keep their values and times",
            f"components: {', '.join(architecture.components)}; 1, R, Y, NS stand for N, 2, T, X, EW for E, "
            "3, U, UD for Z; a missing one is 0",
            "instrument: of those that recorded half of what the fullest did on a day the first of broadband, "
            "short-period, strong motion; others where it has holes of a minute or more",
            "gaps: 0; so are values that are no numbers, a second or more of one value, overlaps whose samples "
            f"differ, and stretches shorter than {self.shortest_s:g} s",
            f"edges: picks within {self.edge_s:g} s of where a component begins or ends are discarded",
            f"amplitude: largest sample of a component within {self.amplitude_s:g} s from the pick, less the mean "
            "of as long before it",
            f"windows: {architecture.window} samples, one every {step}, counted from 1970; left out where less "
            "than half is recorded",
        ]
        if architecture.frames:
            blind = f", without {architecture.blind} at both ends of each" if architecture.blind else ""
            lines.append(f"overlapping windows: their {blend} probability{blind}")
        return lines


def shifted(architecture: Architecture, shifts: int) -> Architecture:
    """Return an architecture whose windows on continuous data begin `shifts` times as often.

    Raises:
        InputError: where they cannot.
    """
    step = step_of(architecture)
    if shifts == 1:
        return architecture
    if not 1 <= shifts <= step or not architecture.frames:
        most = step if architecture.frames else 1
        raise InputError(
            f"--shifts {shifts}: a number from 1 to {most} was expected for {architecture.title}, whose windows "
            f"begin every {step} samples"
        )
    return replace(architecture, overlap=architecture.window - step // shifts)


def phases_of(architecture: Architecture) -> tuple[str, ...]:
    """Return the phases that a network picks; of one that only detects, its detections."""
    phases = tuple(name for name in architecture.outputs if name not in ("N", "detection"))
    return phases or tuple(name for name in architecture.outputs if name == "detection")


def step_of(architecture: Architecture) -> int:
    """Return the samples from one window to the next."""
    return architecture.window - architecture.overlap if architecture.frames else architecture.stride
