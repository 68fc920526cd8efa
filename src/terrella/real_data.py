"""Where real data lie, for demos and tests that use them where they are at hand."""

import os
from pathlib import Path

_USUAL = Path("../shared/data")


def data_folder(usual: Path = _USUAL) -> Path:
    """Return the folder that TERRELLA_DATA names, else the usual one; neither need be there."""
    return Path(os.environ.get("TERRELLA_DATA") or usual)
