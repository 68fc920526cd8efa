"""Stores that the tests of weather share."""

import pytest
from fake_fields import fake_fields, quiet

from terrella.weather.data.convert import convert


@pytest.fixture(scope="session")
def waves(tmp_path_factory):
    """A store of 120 states of travelling waves on 16x8 points, in chunks of 16."""
    folder = tmp_path_factory.mktemp("waves")
    fake_fields(120).to_netcdf(folder / "waves.nc", engine="h5netcdf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("terrella.weather.data.store._SHARD_BYTES", 16 * 4 * 16 * 8 * 2)
        convert([str(folder / "waves.nc")], folder / "waves.zarr", quiet)
    return folder / "waves.zarr"
