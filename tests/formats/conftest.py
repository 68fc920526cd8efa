"""A small catalogue of what formats tend to lose: no depth, depth above sea level, microseconds, odd types."""

import warnings
from types import ModuleType

import numpy as np
import pytest

from terrella.formats.catalogues.catalogue import Catalogue


@pytest.fixture(scope="session")
def small() -> Catalogue:
    return Catalogue(
        time_utc=np.array(
            [
                "1906-04-18T13:12:27",
                "2019-07-06T03:19:53.040000",
                "2019-07-06T03:19:53.040001",
                "2024-02-29T23:59:59.999",
            ],
            "datetime64[us]",
        ),
        longitude=np.array([-122.55, -117.5993333, 179.9999, -180.0]),
        latitude=np.array([37.75, 35.7695, -89.5, 0.1]),
        depth_km=np.array([np.nan, 8.0, -1.25, 612.345], np.float32),
        magnitude=np.array([7.9, 7.1, -0.31, 4.55]),
        magnitude_type=np.array([0, 1, -1, 1], np.int8),
        magnitude_types=("mw", "Mww"),
        event_id=np.array([b"iscgem16957905", b"ci38457511", b"", b"us7000m123"]),
        name="small",
    )


@pytest.fixture(scope="session")
def obspy() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
        import obspy
    return obspy
