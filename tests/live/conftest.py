"""A record of six weeks of a small simulated region, replayed once."""

import pytest
from live_cases import replayed

from terrella.live.opening import Opened


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A replay that no test changes."""
    return replayed(tmp_path_factory.mktemp("live") / "record")
