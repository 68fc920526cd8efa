"""Bad input: one clear line with file, row and remedy, exit code 2, earlier results untouched."""

import re
from pathlib import Path

import pytest
from typed_commands import SMALL, run

from terrella.engine.settings import settings_text
from terrella.engine.use.bundle import Bundle, save_bundle
from terrella.pick.bundle import picker_values
from terrella.pick.networks import architecture
from terrella.pick.settings import PickSettings

HEADER = "time,latitude,longitude,depth,mag,magType,id\n"
ROWS = [f"2001-0{1 + i % 9}-0{1 + i // 9}T00:00:00Z,1.{i},2.{i},5,3.{i % 10},ml,e{i}\n" for i in range(20)]


def with_row(row: str) -> str:
    return HEADER + "".join(ROWS) + row


BAD = {
    "missing column": (HEADER.replace("mag,", "size,") + "".join(ROWS), ["magnitude", "--columns"]),
    "NaN magnitude": (
        with_row("2002-01-01T00:00:00Z,1,2,5,NaN,ml,x\n"),
        ["row 21", "magnitude", "drop-incomplete"],
    ),
    "text in a number": (with_row("2002-01-01T00:00:00Z,1,2,5,big,ml,x\n"), ["row 21", "big"]),
    "latitude 95": (with_row("2002-01-01T00:00:00Z,95,2,5,3,ml,x\n"), ["row 21", "95", "latitude"]),
    "unknown time format": (with_row("the first of May,1,2,5,3,ml,x\n"), ["row 21", "the first of May"]),
    "empty file": ("", ["empty"]),
    "swapped columns": (
        HEADER + "".join(f"2001-01-{1 + i:02}T00:00:00Z,{-118 - i / 10},35,5,3,ml,e{i}\n" for i in range(20)),
        ["latitude", "longitude"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_catalogue_is_named_with_its_row(name, tmp_path, capsys):
    text, words = BAD[name]
    path = tmp_path / "bad.csv"
    path.write_text(text)
    refused(["forecast", "data", path, "-o", tmp_path / "out.parquet"], ["bad.csv", *words], capsys)
    refused(
        ["forecast", "train", "--catalogue", path, "--run", tmp_path / "run"], ["bad.csv", *words], capsys
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv"]


def refused(arguments: list[object], words: list[str], capsys) -> None:
    assert run(*arguments) == 2
    error = capsys.readouterr().err.strip()
    assert error.splitlines()[-1].startswith("error: ")
    for word in words:
        assert word in error, error


@pytest.mark.parametrize(
    ("header", "row"),
    [("Date,Foo,lat,lon,mag", "2019-07-06,03:19:53,1,2,3"), ("Date,lat,lon,Mw,ML", "2019-07-06,1,2,3,3.1"),
     ("time,lat,lon,side,mag", "2019-07-06,1,2,W,3")],
)  # fmt: skip
def test_the_remedy_that_is_told_can_be_typed(header, row, tmp_path, capsys):
    path = tmp_path / "c.csv"
    path.write_text(f"{header}\n{row}\n")
    assert run("forecast", "data", path, "-o", tmp_path / "out.csv") == 2
    remedy = re.search(r"--columns\.\w+=\w+", capsys.readouterr().err).group()
    assert run("forecast", "data", path, "-o", tmp_path / "out.csv", remedy) == 0


def test_a_truncated_parquet_file(catalogue_file, tmp_path, capsys):
    assert run("forecast", "data", catalogue_file, "-o", tmp_path / "whole.parquet") == 0
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    refused(["forecast", "show", tmp_path / "half.parquet"], ["half.parquet"], capsys)


def test_a_file_that_is_not_there(tmp_path, capsys):
    refused(["forecast", "show", tmp_path / "none.csv"], ["none.csv"], capsys)


def test_a_catalogue_that_ends_before_the_test(catalogue_file, tmp_path, capsys):
    windows = [
        "--data.train-start", "2001-01-01", "--data.validation-start", "2005-01-01",
        "--data.test-start", "2015-01-01", "--data.test-end", "2016-01-01",
    ]  # fmt: skip
    arguments = [
        "forecast",
        "train",
        "--catalogue",
        catalogue_file,
        "--run",
        tmp_path / "run",
        *SMALL,
        *windows,
    ]
    refused(arguments, ["ends on", "before the test window"], capsys)
    assert not (tmp_path / "run").exists()


def test_an_unknown_setting_in_a_file(catalogue_file, tmp_path, capsys):
    config = tmp_path / "mine.toml"
    config.write_text("[fit]\nepoch = 3\n")
    arguments = [
        "forecast",
        "train",
        "--catalogue",
        catalogue_file,
        "--config",
        config,
        "--run",
        tmp_path / "run",
    ]
    refused(arguments, ["mine.toml", "fit.epoch", "fit.epochs"], capsys)


def test_other_settings_leave_a_finished_run_untouched(trained, catalogue_file, capsys):
    before = contents(trained)
    arguments = [
        "forecast",
        "train",
        "--catalogue",
        catalogue_file,
        "--run",
        trained,
        *SMALL,
        "--fit.seed",
        "9",
    ]
    refused(arguments, ["begun with other settings"], capsys)
    assert contents(trained) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("address", ["me:hushed@127.0.0.1:9", "hushed@127.0.0.1/x"])
@pytest.mark.parametrize("scheme", ["https://", "http://", ""])
def test_credentials_in_an_address_are_refused_and_not_shown(scheme, address, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEISBENCH_CACHE_ROOT", str(tmp_path / "cache"))
    address = scheme + address
    stations = ["--stations", "CI.CCC", "--start", "2019-07-06", "--end", "2019-07-07"]
    for arguments in (
        [
            "forecast",
            "data",
            "--region",
            "italy",
            "--start",
            "2020-01-01",
            "--service",
            address,
            "-o",
            "c.csv",
        ],
        ["pick", "data", "ETHZ", "--repository", address, "-o", tmp_path / "store"],
        ["pick", "run", f"fdsn:{address}", *stations, "--bundle", picker(tmp_path), "-o", tmp_path / "out"],
    ):
        assert run(*arguments) == 2
        shown = capsys.readouterr()
        assert "holds a user name or a password" in shown.err.splitlines()[-1]
        assert "hushed" not in shown.err + shown.out


def picker(folder: Path) -> Path:
    trained = architecture("phasenet")
    bundle = Bundle(
        "pick", trained.make().state_dict(), picker_values(trained), settings_text(PickSettings()), ""
    )
    save_bundle(folder / "bundle", bundle)
    return folder / "bundle"
