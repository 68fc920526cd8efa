"""Where real data are sought."""

from pathlib import Path

from terrella.real_data import data_folder


def test_the_folder_that_is_named_is_taken_and_an_empty_name_is_none(monkeypatch):
    monkeypatch.setenv("TERRELLA_DATA", "/somewhere/else")
    assert data_folder() == Path("/somewhere/else")
    monkeypatch.setenv("TERRELLA_DATA", "")
    assert data_folder() == Path("../shared/data")
    assert data_folder(Path("here")) == Path("here")
    monkeypatch.delenv("TERRELLA_DATA")
    assert data_folder() == Path("../shared/data")
