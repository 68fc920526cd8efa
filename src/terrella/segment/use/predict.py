"""`terrella segment predict`: the probability of every sample of a section of any size, piece by piece."""

import re
import shutil
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.engine.cluster import open_cluster
from terrella.engine.journal import Journal, alone, room_needed, source_state
from terrella.engine.run import Report
from terrella.engine.tensor_file import tensor_bytes
from terrella.errors import DoesNotFitError, InputError
from terrella.files import recover_folder, replace_file, swap_folder
from terrella.formats.sections.open import open_section
from terrella.formats.sections.section import Section, Unit, as_float32
from terrella.formats.sections.segy import SegySamples
from terrella.formats.sections.segy_write import SegyHeaders, new_interval, segy_headers, write_segy
from terrella.formats.sections.zarr_sections import (
    Cut,
    add_headers,
    create_section,
    is_own,
    kept_headers,
    remove_partial,
    section_attributes,
    write_box,
    zarr_module,
)
from terrella.segment.bundle import Segmenter, load_segmenter
from terrella.segment.data.normalise import section_scales
from terrella.segment.data.pieces import PROCESS_BYTES, Piece, fitting_cut, make_pieces
from terrella.segment.data.unnumbered import missing_lines, rounded, unnumbered, unnumbered_lines

Floats = npt.NDArray[np.float32]
_SEGY = (".sgy", ".segy")
# Of longer traces the noise level is that of this many samples in stretches spread evenly, so that it takes
# little memory; they are the same whatever the pieces.
_FOR_LEVEL, _STRETCHES = 1 << 16, 16


@dataclass(frozen=True)
class Job:
    """What every piece of a prediction shares; it is sent to other processes."""

    section: Section
    bundle: str
    scales: Path  # noise levels (trace,) or (inline, crossline)
    part: Path  # zarr under way
    memory_bytes: int  # what each process may take


def predict_section(
    source: Path,
    bundle: str,
    output: Path,
    report: Report,
    memory_bytes: int = 2 << 30,
    workers: int = 1,
    scheduler: str | None = None,
    interval: float | None = None,
    unit: Unit | None = None,
    lines: tuple[int, int] | None = None,
) -> list[str]:
    """Write a network's probabilities as zarr or SEG-Y in the source's geometry; return lines on what was done.

    Where a volume misses a trace, SEG-Y has none either, and zarr has NaN.
    Pieces meet without a seam: each is what the network gives for the whole. `memory_bytes` bounds all processes on
    this machine together, or each worker of a scheduler. Stopped at any moment and called again, it goes on.

    Raises:
        InputError: where source, bundle or output do not fit each other, or the source changes underneath.
        DoesNotFitError: where not even the smallest piece fits the memory.
        TerrellaError: where the disk is full; what is written stays.
    """
    zarr_module()
    # Other processes may run in other folders.
    section = open_section(source.resolve(), interval, unit, lines)
    headers = _headers(section, output)
    segmenter = load_segmenter(bundle)
    size = segmenter.dims, segmenter.radius, segmenter.multiple
    most = memory_bytes if scheduler or workers == 1 else (memory_bytes - PROCESS_BYTES) // workers
    chosen = fitting_cut(section.shape, segmenter.network, *size, most)
    pieces = make_pieces(chosen, *size)
    work = {
        "from": source_state(source), "weights": _checksum(segmenter), "shard": chosen.shard,
        "interval": section.interval, "unit": section.unit, "lines": lines,
    }  # fmt: skip
    journal = Journal(output.with_name(f".{output.name}.journal"), work)
    part = output.with_name(f".{output.name}.part").resolve()
    # Numbers of lines can be many, and no piece needs them.
    job = Job(
        replace(section, lines={}),
        _absolute(bundle),
        part.with_name(f".{output.name}.levels.npy"),
        part,
        most,
    )
    with alone(output):
        recover_folder(output)
        if is_own(output) and section_attributes(output).get("made_from") == journal.work:
            _clear(job, journal)
            return [f"{output} holds it already"]
        if not (part.is_dir() and job.scales.is_file() and journal.resume()):
            _begin(job, section, journal, chosen, segmenter, headers, report)
        _work(job, journal, pieces, workers, scheduler, report)
        if source_state(source) != work["from"]:
            raise InputError(f"{source} changed while it was read; type the same command again to begin anew")
        said = [*section.notes, *missing_lines(section), *unnumbered_lines(journal.found.values())]
        _finish(job, output, headers)
        _clear(job, journal)
    return [*said, _sizes(pieces, chosen), f"written: {output}"]


def predict_piece(job: Job, piece: Piece) -> dict[str, Any]:
    """Predict a piece and write it as a shard of its own; return what was found in its samples.

    Raises:
        InputError: where the section cannot be read.
        DoesNotFitError: where memory runs out all the same.
    """
    segmenter = _segmenter(job.bundle)
    exact = job.section.read_exactly(*piece.window)
    samples = as_float32(exact)
    absent = job.section.absent(*piece.core)
    found = unnumbered(samples[piece.kept], piece.core, job.section.shape, absent)
    found |= rounded(exact[piece.kept])
    if not np.isfinite(samples).all():
        samples = np.where(np.isfinite(samples), samples, np.float32(0))
    scales = np.array(np.load(job.scales, mmap_mode="r")[piece.window[:-1]])
    try:
        answered = probabilities(segmenter, samples, scales, piece.kept)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise
        raise DoesNotFitError(
            f"memory ran out at piece {piece.number + 1:,}, which was to take {job.memory_bytes / 2**30:.1f} GB; "
            "choose a smaller --memory, or fewer --workers"
        ) from error
    if absent is not None:
        answered[absent] = np.nan
    write_box(job.part, piece.core, answered)
    return found


def probabilities(segmenter: Segmenter, samples: Floats, scales: Floats, kept: Sequence[slice]) -> Floats:
    """Return the probabilities of the kept part of a window; a flat network takes a volume section by section."""
    if samples.ndim == segmenter.dims:
        return _sigmoid(segmenter.logits(samples, scales)[tuple(kept)])
    return np.stack(
        [
            _sigmoid(segmenter.logits(one, level)[tuple(kept[1:])])
            for one, level in zip(samples, scales, strict=True)
        ]
    )


def memory_in_bytes(text: str) -> int:
    """Return the bytes of a size such as 2GB, 1.5 GiB or 800MB, which count in powers of 1,024.

    Raises:
        InputError: where it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([MGT])i?B?\s*", text, re.IGNORECASE)
    if not found:
        raise InputError(f"--memory {text!r}: a size such as 2GB or 800MB was expected")
    return int(float(found[1]) * 1024 ** ("MGT".index(found[2].upper()) + 2))


def noise_levels(section: Section, segmenter: Segmenter, report: Report) -> Floats:
    """Return the noise level of every trace, in one pass over the section that holds few traces at once."""
    n_samples, n_first = section.shape[-1], section.shape[0]
    each = _FOR_LEVEL // _STRETCHES
    short = n_samples <= _FOR_LEVEL
    starts = [0] if short else np.linspace(0, n_samples - each, _STRETCHES).astype(int).tolist()
    length = n_samples if short else each

    def read(*where: slice) -> Floats:
        parts = [section.read(*where[:-1], slice(start, start + length)) for start in starts]
        done = {"done": where[0].stop, "total": n_first, "note": f"{where[0].stop:,} of {n_first:,}"}
        report({"kind": "progress", "stage": "noise levels", **done})
        return parts[0] if short else np.concatenate(parts, -1)

    shape = (*section.shape[:-1], length * len(starts))
    return section_scales(read, shape, segmenter.normalise)


def _begin(
    job: Job,
    section: Section,
    journal: Journal,
    chosen: Cut,
    segmenter: Segmenter,
    headers: SegyHeaders | None,
    report: Report,
) -> None:
    """Begin anew: noise levels, and an empty output with the geometry of the input."""
    journal.end()
    shutil.rmtree(job.part, ignore_errors=True)
    levels = noise_levels(job.section, segmenter, report)
    about = {"values": "probability", "bundle": Path(job.bundle).name, "section": job.section.path.name}
    with room_needed(job.part):
        replace_file(job.scales, lambda temporary: np.save(temporary, levels))
        create_section(job.part, replace(section, about=about), chosen, journal.work)
        if headers is not None:
            add_headers(job.part, headers)
        journal.begin()


def _work(
    job: Job, journal: Journal, pieces: Sequence[Piece], workers: int, scheduler: str | None, report: Report
) -> None:
    """Predict the pieces that the journal does not have."""
    waiting = [piece for piece in pieces if piece.number not in journal.found]
    done = len(pieces) - len(waiting)
    if done:
        remove_partial(job.part)
        report({"kind": "message", "message": f"{done:,} of {len(pieces):,} pieces are done already"})
    with room_needed(job.part):
        for number, (piece, found) in enumerate(_answers(job, waiting, workers, scheduler), done + 1):
            journal.add(piece.number, found)
            note = f"piece {number:,} of {len(pieces):,}"
            report(
                {"kind": "progress", "stage": "predict", "done": number, "total": len(pieces), "note": note}
            )


def _answers(
    job: Job, pieces: Sequence[Piece], workers: int, scheduler: str | None
) -> Iterator[tuple[Piece, dict[str, Any]]]:
    """Yield the pieces as they are finished, here or on a cluster."""
    if workers == 1 and scheduler is None:
        for piece in pieces:
            yield piece, predict_piece(job, piece)
        return
    if not pieces:
        return
    from distributed import KilledWorker, as_completed

    with open_cluster(scheduler, workers) as client:
        futures = {client.submit(predict_piece, job, piece, pure=False): piece for piece in pieces}
        for future in as_completed(list(futures)):
            try:
                found = future.result()
            except KilledWorker as error:
                raise DoesNotFitError(
                    f"processes died at piece {futures[future].number + 1:,}, perhaps for lack of memory; choose "
                    "fewer --workers, or a smaller --memory, and type the command again"
                ) from error
            yield futures[future], found


def _headers(section: Section, output: Path) -> SegyHeaders | None:
    """Return the SEG-Y headers of the source, where it has some; they are needed for SEG-Y alone."""
    if output.suffix != ".zarr" and output.suffix.lower() not in _SEGY:
        raise InputError(f"{output}: the output's name ends in .zarr, .sgy or .segy")
    if output.resolve() == section.path.resolve():
        raise InputError(f"{output} is the input; choose another name")
    if output.exists() and output.suffix == ".zarr" and not is_own(output):
        raise InputError(f"{output} exists and is no section written here; choose another name")
    headers = None
    if isinstance(section.samples, SegySamples):
        headers = segy_headers(section)
    elif section.path.is_dir() and "segy" in section_attributes(section.path):
        headers = kept_headers(section.path)
    if output.suffix != ".zarr":
        if headers is None:
            raise InputError(f"{section.path} has no SEG-Y headers to copy; name the output .zarr")
        new_interval(headers, section.interval, output)  # refused before anything is predicted
    return headers


def _finish(job: Job, output: Path, headers: SegyHeaders | None) -> None:
    if output.suffix == ".zarr":
        with room_needed(output):
            swap_folder(job.part, output)
        return
    assert headers is not None  # refused at the beginning
    write_segy(output, headers, open_section(job.part))


def _clear(job: Job, journal: Journal) -> None:
    # The journal first: without it, what is left counts for nothing.
    journal.end()
    job.scales.unlink(missing_ok=True)
    shutil.rmtree(job.part, ignore_errors=True)


def _absolute(bundle: str) -> str:
    """Return a bundle's folder from the root on; a name stays a name."""
    return str(Path(bundle).resolve()) if Path(bundle).exists() else bundle


def _sigmoid(logits: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(logits), np.float32)


def _checksum(segmenter: Segmenter) -> str:
    # What beside the weights changes an answer.
    held = (segmenter.dims, segmenter.radius, segmenter.multiple, segmenter.normalise)
    total = zlib.crc32(repr(held).encode())
    for value in segmenter.network.state_dict().values():
        total = zlib.crc32(tensor_bytes(value), total)
    return f"{total:08x}"


def _sizes(pieces: Sequence[Piece], chosen: Cut) -> str:
    """Return how many pieces there were, how large, and what their overlap cost."""
    size = " × ".join(f"{n:,}" for n in chosen.shard)
    kept, seen = (
        sum(prod(each.stop - each.start for each in box) for box in boxes)
        for boxes in ([p.core for p in pieces], [p.window for p in pieces])
    )
    plural = "" if len(pieces) == 1 else "s"
    return f"{len(pieces):,} piece{plural} of up to {size} samples, {seen / kept - 1:.0%} more with their overlap"


@lru_cache(maxsize=1)
def _segmenter(bundle: str) -> Segmenter:
    import torch

    from terrella.engine.device import choose_device

    # Rounded to ten bits, as graphics cards would by default, answers would differ from piece to piece.
    torch.backends.cudnn.allow_tf32 = False
    found = load_segmenter(bundle)
    return replace(found, network=found.network.to(choose_device("auto")))
