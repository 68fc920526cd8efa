"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from terrella.real_data import data_folder

# The same examples in every run, however long each takes: a change is judged, and not luck or other work on the
# machine. HYPOTHESIS_PROFILE=explore draws new examples.
settings.register_profile("house", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, or a skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = data_folder(default)
    if not folder.is_dir():
        pytest.skip(f"real data not found in {folder}; set TERRELLA_DATA to test with it")
    return folder
