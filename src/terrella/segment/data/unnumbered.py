"""Samples that are no finite number or are rounded, counted box by box, and traces that a volume misses."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from terrella.formats.catalogues.findings import Finding
from terrella.formats.sections.section import Section

_NAMED = 20  # traces of each box
_EXACT = 1 << 24  # up to which float32 has all whole numbers
_SHOWN = 3


def unnumbered(
    values: npt.NDArray[Any],
    where: tuple[slice, ...],
    shape: Sequence[int],
    absent: npt.NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Return how many samples of a box are no finite numbers, and in which traces, not counting those `absent`."""
    bad = ~np.isfinite(values)
    if absent is not None:
        bad[absent] = False
    if not bad.any():
        return {}
    traces = np.argwhere(bad.any(-1)) + np.array([each.start for each in where[:-1]])
    named = np.ravel_multi_index(tuple(traces.T), tuple(shape[:-1]))[:_NAMED]
    return {"no_number": int(bad.sum()), "traces": named.tolist()}


def rounded(values: npt.NDArray[Any]) -> dict[str, Any]:
    """Return how many whole numbers of a box, in the file's own type, change as they become float32."""
    if values.dtype.itemsize < 4 or values.dtype == np.float32:
        return {}
    large = values[(values > _EXACT) | (values < -_EXACT)].astype(np.float64)
    with np.errstate(over="ignore"):
        changed = large != large.astype(np.float32)
    n = int((changed & np.isfinite(large) & (large == np.rint(large))).sum())
    return {"rounded": n} if n else {}


def missing_lines(section: Section) -> list[str]:
    """Return how many traces of a volume are missing as a line, or none."""
    if section.gaps is None:
        return []
    places = section.gaps.n_missing + section.gaps.n_traces
    return [
        f"{section.gaps.n_missing:,} of the volume's {places:,} traces are missing: dead, and not written as SEG-Y"
    ]


def unnumbered_finding(found: Iterable[dict[str, Any]]) -> Finding | None:
    """Return what was no number in all boxes together; traces count from 1, in the file's order of axes."""
    held = [each for each in found if each.get("no_number")]
    if not held:
        return None
    traces = sorted({trace for each in held for trace in each["traces"]})
    examples = tuple(f"trace {trace + 1}" for trace in traces[:_SHOWN]) + (
        ("...",) if traces[_SHOWN:] else ()
    )
    what = "samples that are no finite number; they count as 0"
    return Finding(what, sum(each["no_number"] for each in held), examples)


def unnumbered_lines(found: Iterable[dict[str, Any]]) -> list[str]:
    """Return the same, and what was rounded, as lines."""
    held = list(found)
    finding, n = unnumbered_finding(held), sum(each.get("rounded", 0) for each in held)
    lines = [] if finding is None else [f"{finding.count:,} {finding.what}: {', '.join(finding.examples)}"]
    if n:
        lines.append(f"{n:,} samples are whole numbers above {_EXACT:,}, which are rounded to 24 bits")
    return lines
