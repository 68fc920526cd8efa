"""How much picks depend on where windows begin, and what windows that begin more often change, on manual picks.

Each trace of a data set is picked as if it were a continuous record, by the original PhaseNet, at several places of
its windows (phases). With `--shifts N` windows begin N times as often and their answers are averaged. A pick is
found where it lies within 0.5 s of a manual one. Residuals are compared on the picks that both sides found at the
same phase; intervals of 95 % resample traces.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from _result import DATA_FOLDER, write_result
from terrella.formats.waveforms.archive import Segment
from terrella.pick.continuous.annotate import Annotator
from terrella.pick.continuous.picking import Pick, pick_span
from terrella.pick.continuous.policies import Policies, shifted
from terrella.pick.continuous.ready import ready_annotator

DATA = DATA_FOLDER / "pick"
SETS = {"northern_california_local": 100.0, "norsar_regional": 40.0}
SHIFTS = (1, 2, 4)
NEAR_S = 0.5
STEP_NS = 10**7
FEWEST = 10  # traces of which picks are compared
START = 10**11  # samples since 1970


@dataclass
class Found:
    """What one side found, a row per manual pick, and what it cost."""

    residual_s: list[list[float]] = field(
        default_factory=list
    )  # (manual pick, phase), NaN where none was found
    others: int = 0
    cpu_s: float = 0.0


class Held:
    """An archive that holds one trace."""

    def __init__(self, samples: npt.NDArray[Any], order: str, rate_hz: float, first_ns: int) -> None:
        rows = zip(order, samples, strict=True)
        self.held = [
            Segment(("X", "X", "", f"HH{letter}"), first_ns, rate_hz, row)
            for letter, row in rows
            if np.isfinite(row).all()
        ]

    def read(self, codes: Any, first_ns: int, end_ns: int, found: Any) -> list[Segment]:
        return self.held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten traces of each data set")
    options = parser.parse_args()
    annotator, _ = ready_annotator(str(DATA / "phasenet_original.safetensors"))
    rows: list[dict[str, Any]] = []
    for name, rate_hz in SETS.items():
        phases = 6 if rate_hz == 100 else 3
        rows += of_set(annotator, name, rate_hz, phases, 10 if options.quick else None)
    notes = (
        "the original PhaseNet at its threshold; the peer is one window every 1,501 samples, the default; RMSE of "
        "picks that both found within 0.5 s of a manual one, with the 95 % interval of its ratio; how far a pick "
        "moves: the standard deviation over the phases of windows; records are short and full of events, so that "
        "CPU seconds are those of the network"
    )
    write_result("pick_phase", rows, notes, options.quick)


def of_set(
    annotator: Annotator, name: str, rate_hz: float, phases: int, most: int | None
) -> list[dict[str, Any]]:
    """Return the rows of a data set."""
    found = {(shifts, phase): Found() for shifts in SHIFTS for phase in "PS"}
    trace_of: dict[str, list[int]] = {"P": [], "S": []}
    for number, (samples, order, manual) in enumerate(traces(DATA / name, rate_hz)):
        if most is not None and number >= most:
            break
        for phase in "PS":
            trace_of[phase] += [number] * len(manual[phase])
        for shifts in SHIFTS:
            sought = replace(annotator, architecture=shifted(annotator.architecture, shifts))
            began = time.process_time()
            picks = [at_phase(sought, samples, order, rate_hz, k / phases) for k in range(phases)]
            seconds = time.process_time() - began
            for phase in "PS":
                note(
                    found[shifts, phase],
                    [[t for p, t in each if p == phase] for each in picks],
                    manual,
                    phase,
                )
                found[shifts, phase].cpu_s += seconds
    rows = []
    for shifts in SHIFTS[1:]:
        title = f"{name.split('_')[-1]}, --shifts {shifts}"
        for phase in "PS":
            sides = found[shifts, phase], found[SHIFTS[0], phase]
            rows += compared(f"{title}: {phase}", *sides, np.array(trace_of[phase]))
        others, base = (sum(found[n, phase].others for phase in "PS") / phases for n in (shifts, SHIFTS[0]))
        rows.append(row(f"{title}: picks away from manual ones", others, base, "picks"))
        cost, usual = found[shifts, "P"].cpu_s, found[SHIFTS[0], "P"].cpu_s
        rows.append(row(f"{title}: picking", cost, usual, "CPU s"))
    return rows


def traces(folder: Path, rate_hz: float) -> Iterator[tuple[npt.NDArray[Any], str, dict[str, list[float]]]]:
    """Yield samples, the order of components, and seconds of the manual picks by the kind of phase."""
    with (folder / "metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    with h5py.File(folder / "waveforms.hdf5") as file:
        order = file["data_format/component_order"][()].decode()
        for row in rows:
            bucket, _, where = row["trace_name"].partition("$")
            manual: dict[str, list[float]] = {"P": [], "S": []}
            for column, value in row.items():
                kind = column.removeprefix("trace_")[:1]
                if column.endswith("_arrival_sample") and value not in ("", "nan") and kind in manual:
                    manual[kind].append(float(value) / rate_hz)
            yield np.asarray(file["data"][bucket][int(where.split(",")[0])], np.float64), order, manual


def at_phase(
    annotator: Annotator, samples: npt.NDArray[Any], order: str, rate_hz: float, share: float
) -> list[tuple[str, float]]:
    """Return phases and seconds of the picks of a trace that begins a share of a step after a window does."""
    step = annotator.architecture.window - 1500  # of the default
    first_ns = (START // step * step + round(share * step)) * STEP_NS
    end_ns = first_ns + round(samples.shape[1] / rate_hz * 1e9)
    held: Any = Held(samples, order, rate_hz, first_ns)
    codes = tuple(each.code for each in held.held)
    picks: list[Pick] = pick_span(
        annotator, held, codes, first_ns, end_ns, Policies(), lambda what, where: None
    )
    return [(each.phase, (each.time_ns - first_ns) / 1e9) for each in picks]


def note(found: Found, picks: list[list[float]], manual: dict[str, list[float]], phase: str) -> None:
    """Note the residuals of a trace's manual picks, (manual pick, phase of windows), and what else was found."""
    for wanted in manual[phase]:
        nearest = [min((t - wanted for t in each), key=abs, default=np.nan) for each in picks]
        found.residual_s.append([r if abs(r) < NEAR_S else np.nan for r in nearest])
    every = np.array(manual["P"] + manual["S"])
    found.others += sum(bool(np.abs(every - t).min() >= NEAR_S) for each in picks for t in each)


def compared(title: str, ours: Found, base: Found, trace: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return the rows of one side beside the default; none where next to nothing was found."""
    one, other = np.array(ours.residual_s), np.array(base.residual_s)
    both = np.isfinite(one) & np.isfinite(other)
    if len(np.unique(trace[both.any(1)])) < FEWEST:
        return []
    low, high = interval(one, other, both, trace)
    unit = f"s; ratio {low:.3f} to {high:.3f}"
    return [
        row(f"{title}, RMSE", rmse(one[both]), rmse(other[both]), unit),
        row(f"{title}, how far a pick moves", spread(one), spread(other), "s"),
        row(f"{title}, found at all phases if at any", steady(one), steady(other), "share"),
        row(
            f"{title}, manual picks found",
            float(np.isfinite(one).mean()),
            float(np.isfinite(other).mean()),
            "share",
        ),
    ]


def row(what: str, ours: float, base: float, unit: str) -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours,
        "peer": base,
        "peer_name": "default windows",
        "unit": unit,
        "ratio": ours / base if base else None,
    }


def interval(
    one: npt.NDArray[Any], other: npt.NDArray[Any], both: npt.NDArray[np.bool_], trace: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two RMSE."""
    draw = np.random.default_rng(0)
    names = np.unique(trace)
    sums = np.array(
        [[np.square(each[both & (trace == name)[:, None]]).sum() for name in names] for each in (one, other)]
    )
    chosen = draw.integers(0, len(names), (2000, len(names)))
    ratios = np.sqrt(sums[0][chosen].sum(1) / sums[1][chosen].sum(1))
    return float(np.quantile(ratios, 0.025)), float(np.quantile(ratios, 0.975))


def rmse(residual_s: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.square(residual_s).mean()))


def spread(residual_s: npt.NDArray[Any]) -> float:
    """Return the standard deviation over phases of the picks found at all of them."""
    whole = residual_s[np.isfinite(residual_s).all(1)]
    return float(np.sqrt(whole.var(1).mean()))


def steady(residual_s: npt.NDArray[Any]) -> float:
    known = np.isfinite(residual_s)
    return float(known.all(1).sum() / known.any(1).sum())


if __name__ == "__main__":
    main()
