"""A small catalogue file and a run trained on it, for the commands."""

from pathlib import Path

import pytest
from typed_commands import SMALL, run

from terrella.forecast.demo import inside_the_demo
from terrella.forecast.simulation.process import demo_process
from terrella.forecast.simulation.simulate import simulate
from terrella.formats.catalogues.write import write_catalogue


@pytest.fixture(scope="session")
def catalogue_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalogue = inside_the_demo(simulate(demo_process(), "2000-01-01", "2009-01-01", seed=3))
    path = tmp_path_factory.mktemp("catalogue") / "small.csv"
    write_catalogue(catalogue, path)
    return path


@pytest.fixture(scope="session")
def trained(catalogue_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert run("forecast", "train", "--catalogue", catalogue_file, "--run", folder, *SMALL) == 0
    return folder
