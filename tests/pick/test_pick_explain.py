"""What seconds of components add to a pick, of a data set and of a record."""

import numpy as np
import pytest
import xarray as xr
from before_cases import ARCHITECTURES, BEFORE, make_records, make_set

from terrella.cli.main import main
from terrella.pick.networks import basic_phase_ae

pytest.importorskip("captum")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(basic_phase_ae, "ARCHITECTURES", ARCHITECTURES)


def run(*words) -> int:
    with pytest.raises(SystemExit) as left:
        main(["pick", "explain", *map(str, words)])
    return int(left.value.code or 0)


def test_the_seconds_around_a_labelled_pick_are_told_apart(tmp_path, capsys):
    make_set(tmp_path / "set")
    typed = (tmp_path / "set", "--bundle", BEFORE / "finished", "-o", tmp_path / "why.nc", "--part-s", 0.5)
    assert run(*typed, "--trace", 2) == 0
    with xr.open_dataset(tmp_path / "why.nc", engine="h5netcdf") as found:
        assert found["adds"].dims == ("component", "time_s")
        difference = found.attrs["output"] - found.attrs["reference"]
        assert float(found["adds"].sum()) == pytest.approx(difference, rel=0.011)
        # A convolution over five samples sees no farther.
        far = np.abs(found["time_s"].values) > 0.04
        assert not found["adds"].values[:, far].any()
    assert (tmp_path / "why_waveform.png").is_file()
    for more, words in (
        (["--trace", 99], "has 24 traces"),
        (["--phase", "detection"], "gives P, S, N"),
        (["--method", "lrp"], "layer-wise relevance propagation has no rule"),
    ):
        capsys.readouterr()
        assert run(*typed, *more) == 2
        assert words in " ".join(capsys.readouterr().err.split())


def test_a_pick_of_a_record_needs_its_time(tmp_path, capsys):
    make_records(tmp_path / "records")
    typed = (tmp_path / "records", "--bundle", BEFORE / "finished", "-o", tmp_path / "why.csv")
    assert run(*typed, "--time", "2020-01-01T00:00:25", "--method", "occlusion") == 0
    assert "XX.A, 2020-01-01T00:00:25" in capsys.readouterr().out
    for more, words in (
        ([], "--time: give that of a pick"),
        (["--time", "noon"], "expected a time in UTC"),
        (["--time", "2021-01-01"], "XX.A has no record then"),
        (["--time", "2020-01-01T00:00:25", "--station", "XX.B"], "has XX.A"),
    ):
        assert run(*typed, *more) == 2
        assert words in " ".join(capsys.readouterr().err.split())
