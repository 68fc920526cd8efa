"""Splits of sections into train, dev and test: whole groups, never windows of one section."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from terrella.errors import InputError

SPLITS = ("train", "dev", "test")


def split_sections(
    groups: Sequence[str | None],
    how: Literal["group", "random"],
    shares: tuple[float, float, float],
    seed: int,
    where: str,
) -> list[str]:
    """Return the split of each section, given its group, or None for all where groups are not known.

    Groups, or where there are none single sections, are dealt in a random order; each split gets its share of
    them, and at least one.

    Raises:
        InputError: where a random split is asked for although there are groups, groups are asked for and there are
            none, or there are too few for three splits.
    """
    known = any(group is not None for group in groups)
    if how == "random" and known:
        raise InputError(
            f"{where}: a random split would put sections of one group, such as an event or a survey, both into "
            "training and into test; leave data.split at group"
        )
    if how == "group" and not known:
        raise InputError(
            f"{where}: no column group says which sections show the same event or survey; add it, or set "
            "data.split to random if every section stands alone"
        )
    labels = [str(group) if known else str(number) for number, group in enumerate(groups)]
    names = sorted(set(labels))
    if len(names) < len(SPLITS):
        raise InputError(
            f"{where}: {len(names)} group{'s' * (len(names) != 1)} cannot be split into train, dev and test; give "
            "at least three"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    ends = np.round(np.cumsum(shares) / sum(shares) * len(names)).astype(int)
    # Every split gets a group.
    first = int(np.clip(ends[0], 1, len(names) - 2))
    second = int(np.clip(ends[1], first + 1, len(names) - 1))
    of_group = {names[at]: SPLITS[(rank >= first) + (rank >= second)] for rank, at in enumerate(order)}
    return [of_group[label] for label in labels]


def check_splits(splits: Sequence[str], groups: Sequence[str | None], where: str) -> None:
    """Raise `InputError` where a split is unknown or missing, or a group stands in two of them."""
    for number, split in enumerate(splits):
        if split not in SPLITS:
            raise InputError(f"{where}, row {number + 1}: split is {split!r}; expected train, dev or test")
    if missing := [name for name in SPLITS if name not in splits]:
        raise InputError(f"{where}: no section in the split {missing[0]}; every split needs one")
    found: dict[str, str] = {}
    for group, split in zip(groups, splits, strict=True):
        if group is not None and found.setdefault(group, split) != split:
            raise InputError(
                f"{where}: group {group!r} stands in the splits {found[group]} and {split}; a group belongs to one"
            )
