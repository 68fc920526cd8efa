"""Classical pickers on generated records, beside the true onsets: python docs/gallery/pick.py"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.pick import Store, make_domain, make_targets
from terrella.pick.classical import classical_pickers
from terrella.pick.judging.cell import judge_picker
from terrella.pick.judging.cells import residuals
from terrella.pick.judging.figures import draw_residuals, styles
from terrella.pick.picker import Windows

PICTURE = Path(__file__).parents[1] / "images" / "gallery_pick.png"


def draw_record(axes: Axes, store: Store, trace: int, onsets: dict[str, tuple[float, float]]) -> Axes:
    """Draw the three components of a trace, its true picks, and the onsets that pickers found near them."""
    true = store.picks[trace][store.picks[trace] >= 0] / store.rate_hz
    time = np.arange(store.length[trace]) / store.rate_hz
    for row, (name, values) in enumerate(zip("ZNE", store.trace(trace), strict=True)):
        axes.plot(time, 0.45 * values / np.abs(values).max() - row, color="#555555", lw=0.5)
        axes.text(true.min() - 4.8, 0.12 - row, name, fontsize=9)
    axes.vlines(true, -2.6, 0.6, color="#D55E00", lw=1.4, label="true onsets")
    look = styles(list(onsets), [])
    for level, (name, found) in enumerate(onsets.items()):
        given = {"color": look[name]["color"], "marker": look[name]["marker"]}
        axes.plot(found, np.full(len(found), -2.75 - 0.2 * level), ls="", ms=6, label=name, **given)
    axes.set(xlim=(true.min() - 5, true.max() + 8), ylim=(-3.2, 0.7), yticks=[], xlabel="time (s)")
    axes.legend(fontsize=7, loc="upper right")
    return axes


def main() -> None:
    """Judge the pickers on a few hundred traces, and draw one record and all errors of P."""
    store = make_domain("local", 600, seed=1)
    pickers = classical_pickers()
    dev, test = (make_targets(store, split) for split in ("dev", "test"))
    cells = [judge_picker(picker, store, dev, test, resamples=100).cell for picker in pickers]
    near = int(np.flatnonzero((store.picks >= 0).sum(1) == 2)[3])
    picks, width = np.sort(store.picks[near][store.picks[near] >= 0]), round(5 * store.rate_hz)
    around = Windows(np.full(2, near), np.maximum(picks - width, 0), picks + width)
    figure = Figure(figsize=(11, 4), layout="constrained")
    record, *errors = figure.subplots(1, 1 + len(pickers), width_ratios=[2, *[1] * len(pickers)])
    onsets = {}
    for picker in pickers:
        answers = picker.answer(store, around)
        onsets[picker.name] = (answers.p_sample[0] / store.rate_hz, answers.s_sample[1] / store.rate_hz)
    draw_record(record, store, near, onsets)
    for axes, cell in zip(errors, cells, strict=True):
        draw_residuals(axes, *residuals(cell, "p"), cell["picker"])
        axes.set_xlabel("picked minus true onset of P (s)", fontsize=8)
    errors[0].set_ylabel("windows", fontsize=8)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
