"""`terrella segment plan`."""

from typing import Annotated

from terrella.cli.flags import SETTINGS
from terrella.cli.plan import Asked, show_plan
from terrella.segment.settings import SegmentSettings

Overrides = Annotated[SegmentSettings | None, SETTINGS]


def plan(*, samples: int | None = None, asked: Asked | None = None, settings: Overrides = None) -> None:
    """Say how much memory a training takes and how long it lasts; no sample is read, nothing is trained.

    Example: terrella segment plan --patch.shape 4096 4096 --network.widths 8 16 32 64 128 256 512 --on rtx-5080

    Parameters
    ----------
    samples
        Number of patches in an epoch, in place of those of the sections.
    """
    from terrella.segment.plan import needs

    show_plan("segment", SegmentSettings, needs, samples, asked, settings)
