"""Jumps of an observatory's level: a new pillar or instrument, which no core field makes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from terrella.field.observatories.table import Floats, Observatories

_LEAST_NT = 50.0  # a jerk changes the annual difference by some 20 nT at most, within a year
_TIMES = 8.0  # the usual change of the annual difference
_SHOWN = 6


def split_at_jumps(given: Observatories) -> Observatories:
    """Return series that begin anew where they jump, and each jump as a finding.

    An annual difference jumps where it is off by more than 50 nT, and eight times the series' usual change,
    from the median of the two before and the two after. Its size is not known better than the secular
    variation, so it is not corrected: no difference is taken across it.
    """
    sites, columns, found = [], [], []
    for k, site in enumerate(given.sites):
        own = given.field[:, k]
        at = _jumps(np.diff(own, axis=0))
        edges = [0, *(each + 1 for each in at), len(own)]
        pieces = [(a, b) for a, b in pairwise(edges) if np.isfinite(own[a:b]).any()]
        for number, (a, b) in enumerate(pieces):
            part = np.full_like(own, np.nan)
            part[a:b] = own[a:b]
            last = number == len(pieces) - 1
            sites.append(site if last else replace(site, code=f"{site.code} to {given.years[b - 1]:g}"))
            columns.append(part)
        found += [f"{site.code} between {given.years[each]:g} and {given.years[each + 1]:g}" for each in at]
    if not found:
        return given
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    said = f"jumps at {', '.join(found[:_SHOWN])}{more}: the series begins anew there"
    return Observatories(tuple(sites), given.years, np.stack(columns, 1), (*given.findings, said))


def _jumps(differences: Floats) -> list[int]:
    """Return which annual differences (time, 3) jump."""
    changes = np.abs(np.diff(differences, axis=0))
    changes = changes[np.isfinite(changes).all(axis=1)]
    if not len(changes):
        return []
    limit = np.maximum(_LEAST_NT, _TIMES * np.median(changes, axis=0))
    found = []
    for k, own in enumerate(differences):
        near = np.concatenate([differences[max(k - 2, 0) : k], differences[k + 1 : k + 3]])
        near = near[np.isfinite(near).all(axis=1)]
        if len(near) > 1 and (np.abs(own - np.median(near, axis=0)) > limit).any():
            found.append(k)
    return found
