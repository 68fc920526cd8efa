"""`terrella pick show`: picks on the waveforms of a station."""

from pathlib import Path

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrella.errors import InputError
from terrella.files import replace_file
from terrella.formats.waveforms.archive import Segment, open_waveforms
from terrella.formats.waveforms.phases import phase_kind
from terrella.formats.waveforms.picks import read_picks
from terrella.pick.continuous.command import time_ns
from terrella.pick.show_page import write_picks_page

_MARGIN_NS = 5_000_000_000  # before the first pick
_SPAN_NS = 60_000_000_000
_MOST_POINTS = 5_000_000  # read: more is no picture
_LOOKS = {"P": ("#0072b2", "-"), "S": ("#d55e00", "--")}  # told apart by their lines in grey


def show(
    where: str,
    picks: Path,
    output: Path,
    station: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> str:
    """Draw what an archive holds of a station between two times, with the picks there; return a line on it.

    An output that ends in .html is a page to look around in.

    Raises:
        InputError: where there are no waveforms or picks of the station and times, or one of these is none.
    """
    table, _ = read_picks(picks)
    table["station"] = (table["network"] + "." + table["station"]).str.lstrip(".")
    if station is None:
        if table.empty:
            raise InputError(f"{picks} holds no picks; give --station and --start")
        station = str(table["station"].iloc[0])
    own = table[table["station"] == station]
    first_ns, end_ns = _span(own, picks, station, start, end)
    segments = _segments(where, station, first_ns, end_ns)
    times = own["time"].to_numpy("datetime64[ns]").astype(np.int64)
    own = own[(times >= first_ns) & (times < end_ns)]
    told = f"{len(own)} picks of {station} on {len({each.code for each in segments})} components: {output}"
    if output.suffix.lower() == ".html":
        write_picks_page(output, segments, own, station, first_ns, end_ns)
        return told
    figure = Figure(figsize=(10, 6), layout="constrained")
    draw_picks(figure, segments, own, station, first_ns, end_ns)
    suffix = output.suffix.lstrip(".").lower() or "png"
    if suffix not in figure.canvas.get_supported_filetypes():
        raise InputError(f"{output}: no figure is written as .{suffix}; give .png, .svg or .pdf, or .html")
    replace_file(output, lambda path: figure.savefig(path, format=suffix, dpi=150))
    return told


def draw_picks(
    figure: Figure, segments: list[Segment], picks: pd.DataFrame, station: str, first_ns: int, end_ns: int
) -> None:
    """Draw a component below the other, the picks as lines through all of them."""
    codes = sorted({each.code for each in segments}, key=lambda code: "ZNE123".find(code[3][-1]))
    axes = figure.subplots(len(codes), 1, sharex=True, squeeze=False)[:, 0]
    for each, code in zip(axes, codes, strict=True):
        for segment in segments:
            if segment.code == code:
                _draw_segment(each, segment, first_ns, end_ns)
        each.set_ylabel(f"{code[3]} (unit of the file)", fontsize=9)
        each.grid(alpha=0.3)
        _draw_lines(each, picks)
    axes[0].set_xlim(*(np.datetime64(ns, "ns").astype("datetime64[us]") for ns in (first_ns, end_ns)))
    axes[0].set_title(f"{station}, {np.datetime64(first_ns, 'ns').astype('datetime64[s]')} UTC", fontsize=10)
    axes[-1].set_xlabel("time (UTC)")
    axes[-1].xaxis.set_major_formatter(mdates.DateFormatter("%H:%M:%S"))
    if axes[0].get_legend_handles_labels()[1]:
        axes[0].legend(loc="upper right", fontsize=9)


def _draw_segment(axes: Axes, segment: Segment, first_ns: int, end_ns: int) -> None:
    step = 1e9 / segment.rate_hz
    low = max(0, int((first_ns - segment.first_ns) / step))
    samples = segment.samples[low : max(low, int((end_ns - segment.first_ns) / step) + 1)]
    ns = segment.first_ns + np.rint((low + np.arange(len(samples))) * step).astype(np.int64)
    axes.plot(ns.view("datetime64[ns]").astype("datetime64[us]"), samples, color="0.25", linewidth=0.6)


def _draw_lines(axes: Axes, picks: pd.DataFrame) -> None:
    kinds = picks["phase"].astype(str).map(phase_kind)
    for kind, (color, style) in _LOOKS.items():
        for number, time in enumerate(picks["time"][kinds == kind]):
            label = None if number else kind
            axes.axvline(time, color=color, linestyle=style, linewidth=1.4, label=label)


def _span(
    own: pd.DataFrame, picks: Path, station: str, start: str | None, end: str | None
) -> tuple[int, int]:
    first, last = time_ns(start, "--start"), time_ns(end, "--end")
    if first is None and own.empty:
        raise InputError(f"{picks} holds no picks of {station}; give --start, or another --station")
    times = own["time"].to_numpy("datetime64[ns]").astype(np.int64)
    if first is None:
        first = int(times.min()) - _MARGIN_NS
    last = first + _SPAN_NS if last is None else last
    if last <= first:
        raise InputError("--end is not after --start; give a later time")
    return first, last


def _segments(where: str, station: str, first_ns: int, end_ns: int) -> list[Segment]:
    archive = open_waveforms(where, lambda what, name: None)
    network, _, name = station.partition(".")
    used = archive.instruments(network, name, first_ns, end_ns, lambda what, name: None)
    inside = [
        segment
        for each in used
        for segment in archive.read(each.codes, each.first_ns, each.end_ns, lambda what, name: None)
    ]
    if not inside:
        known = [".".join(each) for each in sorted(archive.stations)]
        raise InputError(f"{where}: no waveforms of {station} at these times; it has {', '.join(known[:5])}")
    if sum(len(each.samples) for each in inside) > _MOST_POINTS:
        raise InputError("too long to draw: give an --end nearer to --start")
    return inside
