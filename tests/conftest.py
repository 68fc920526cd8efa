"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, or a skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TERRELLA_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real data not found in {folder}; set TERRELLA_DATA to test with it")
    return folder
