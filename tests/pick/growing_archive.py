"""An archive that grows record by record, as a data centre's does: late, twice, damaged, across midnight."""

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from terrella.pick.continuous.annotate import Annotator, make_annotator
from terrella.pick.networks import architecture
from terrella.pick.synthetic.continuous import hourly_records, make_shaking

RECLEN = 4096
_SPAN = 50
_HALF_DAY = 23.6 * 3600


class Onsets(nn.Module):
    """Says P where the energy of half a second is many times that of the half second before it."""

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        energy = functional.pad(windows.square().sum(1, keepdim=True), (_SPAN, _SPAN), "replicate")
        mean = functional.avg_pool1d(energy, _SPAN, 1)[..., : windows.shape[-1] + _SPAN + 1]
        before, after = mean[..., : windows.shape[-1]], mean[..., _SPAN : _SPAN + windows.shape[-1]]
        p = 3 * torch.log((after + 1e-4) / (before + 1e-4)) - 9
        return torch.cat([p, torch.full_like(p, -20.0), torch.zeros_like(p)], 1)


def onsets() -> Annotator:
    """Return the network above at PhaseNet's windows."""
    return make_annotator(Onsets(), replace(architecture("phasenet"), make=Onsets))


@dataclass(frozen=True)
class Arriving:
    """A record, and the file that it is written to."""

    name: str
    record: bytes
    end_s: float


def arriving(
    seed: int = 3, stations: int = 2, replaced: bool = False, reclen: int = RECLEN
) -> list[Arriving]:
    """Return 40 minutes around midnight of some stations, record after record as they end.

    Where an instrument is `replaced`, the last station's broadband ends after 24 minutes beside strong motion.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from obspy import UTCDateTime

        (stream,) = hourly_records(make_shaking(hours=1, events=8, stations=stations, seed=seed))
    stream.filter("highpass", freq=2.0)
    found = []
    if replaced:
        stream += _replaced(stream.select(station=f"S{stations - 1:02d}"))
    for trace in stream:
        trace.data = (100 * trace.data).astype(np.int32)
        trace.trim(trace.stats.starttime + 600, trace.stats.starttime + 3000)
        trace.stats.starttime += _HALF_DAY
        midnight = UTCDateTime(2024, 3, 2)
        for part in (trace.slice(endtime=midnight - 0.005), trace.slice(starttime=midnight)):
            start = part.stats.starttime
            name = f"{start.year}/SY/{part.stats.station}/{part.id}.D.{start.year}.{start.julday:03d}"
            file = io.BytesIO()
            part.write(file, format="MSEED", reclen=reclen)
            data = file.getvalue()
            number = len(data) // reclen
            step = (part.stats.endtime - start) / number
            found += [
                Arriving(name, data[k * reclen :][:reclen], start.timestamp + (k + 1) * step)
                for k in range(number)
            ]
    return sorted(found, key=lambda each: each.end_s)


def _replaced(stream):
    """Return the same records as of strong motion, half a second off, and let the broadband's end earlier."""
    other = stream.copy()
    for trace in other:
        trace.stats.channel = "HN" + trace.stats.channel[-1]
        trace.stats.starttime += 0.5  # so that picks tell on which they were made
    for trace in stream:
        trace.trim(endtime=trace.stats.starttime + 600 + 0.6 * 2400)
    return other


def append(folder: Path, arrived: list[Arriving]) -> None:
    """Write records at the ends of their files."""
    for each in arrived:
        path = folder / each.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(each.record)
