"""Annual means of observatories in the formats that they come in."""

import gzip

import numpy as np
import pandas as pd
import pytest
from field_cases import annual_file, iaga_file

from terrella.errors import InputError
from terrella.field.harmonics.geodesy import to_north_east_down
from terrella.field.observatories.jumps import split_at_jumps
from terrella.field.observatories.read import read_observatories
from terrella.field.observatories.table import Observatories, Site

ROWS = """  1987.500 327 44.5  77 09.9  12223  10336  -6523  53647  55022 A  DHZ
  1988.500 328 00.5  77 09.0  12235  10377  -6482  53633  55011 A  DHZ
  1989.000   0 02.6   0 00.7     -4      2     10     30     28 J  DHZ   1
  1989.500 328 13.8  77 07.2  12254  10418  -6452  53592  54975 A  DHZ
  1990.500 328 29.9  77 05.9  12271 999999  -6412  53571  54959 A  DHZ
  1991.500 328 45.6  77 04.9  12284  10503  -6371  53555  54946 I  DHZ
  1989.500 328 14.4  77 06.6  12263  10427  -6455  53591  54976 Q  DHZ
"""


def table(years=range(2000, 2012), codes=("AAA", "BBB"), **more) -> pd.DataFrame:
    rows = [
        {"code": code, "t": year + 0.5, "lat": 40.0 + 9 * k, "lon": 10.0, "r": 6369.0,
         "br": -40_000.0 - 10 * (year - 2000), "bt": -20_000.0 + 5 * (year - 2000), "bp": 500.0}
        for k, code in enumerate(codes) for year in years
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**more)


def xyz(found) -> np.ndarray:
    return to_north_east_down(found.field, found.tilt)


def test_a_jump_that_the_file_states_is_taken_out(tmp_path):
    found = read_observatories(annual_file(tmp_path, ROWS))
    assert [site.code for site in found.sites] == ["NAQ"]
    assert np.allclose(found.years, [1987.5, 1988.5, 1989.5])
    assert np.allclose(
        xyz(found)[:, 0], [[10334, -6533, 53617], [10375, -6492, 53603], [10418, -6452, 53592]]
    )
    assert any("1 jumps that the file states are taken out" in each for each in found.findings)
    assert any("1 incomplete years" in each for each in found.findings)
    assert found.latitude[0] < 90 - 28.84  # geocentric


def test_iaga_2002_in_any_orientation_makes_the_same_annual_means(tmp_path):
    found = {}
    for reported in ("XYZF", "HDZF", "DIFX"):
        folder = tmp_path / reported
        folder.mkdir()
        for year in (2001, 2002):
            iaga_file(folder, year, reported)
        found[reported] = read_observatories(folder)
    assert np.allclose(found["XYZF"].years, [2001.5, 2002.5])
    assert np.allclose(xyz(found["XYZF"])[:, 0], [[11010, 1500, 51000], [11020, 1500, 51000]], atol=1e-6)
    for other in ("HDZF", "DIFX"):
        assert np.allclose(found[other].field, found["XYZF"].field, atol=0.3)
    assert any("2 values are missing" in each for each in found["XYZF"].findings)


def test_a_year_with_too_few_days_is_left_out(tmp_path):
    whole, part = iaga_file(tmp_path, 2001), iaga_file(tmp_path, 2002)
    part.write_text("\n".join(part.read_text().splitlines()[:200]) + "\n")
    found = read_observatories(tmp_path)
    assert whole.is_file()
    assert found.years.tolist() == [2001.5]
    assert any("less than 90 % of the days of 2002" in each for each in found.findings)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"IAGA Code": None}, "no line 'IAGA Code'"),
        ({"Data Type": "variation"}, "variations without an absolute level"),
        ({"reported": "UVZF"}, "XYZ, HDZ or DIF are needed"),
        ({"Geodetic Latitude": "north"}, "is no number"),
        ({"Geodetic Latitude": "168"}, "the header's latitude is 168"),
    ],
)
def test_iaga_2002_at_fault_is_told_in_a_line(tmp_path, changed, words):
    reported = changed.pop("reported", "XYZF")
    with pytest.raises(InputError, match=words):
        read_observatories(iaga_file(tmp_path, 2001, reported, **changed))


def test_a_table_says_whether_its_latitudes_are_geodetic(tmp_path):
    path = tmp_path / "a.csv"
    table().to_csv(path, index=False)
    geocentric_ = read_observatories(path)
    assert geocentric_.latitude.tolist() == [40.0, 49.0]
    assert "latitudes are geocentric" in geocentric_.findings
    x, y, z = 20_000.0, 500.0, 40_000.0
    flat = table().drop(columns=["r", "br", "bt", "bp"]).assign(x=x, y=y, z=z, elevation=100.0)
    flat.to_csv(path, index=False)
    geodetic = read_observatories(path)
    assert np.allclose(xyz(geodetic)[0, 0], [x, y, z])
    assert geodetic.latitude[0] == pytest.approx(40 - 0.189, abs=2e-3)
    angle = np.degrees(np.arctan2(y, x))
    flat.drop(columns=["x", "y"]).assign(h=np.hypot(x, y), d_deg=angle).to_csv(path, index=False)
    assert np.allclose(read_observatories(path).field, geodetic.field)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="t"), "has no column year"),
        (lambda t: t.drop(columns="bt"), "no three components"),
        (lambda t: t.drop(columns="r"), "does not say whether latitude is geodetic or geocentric"),
        (lambda t: t.rename(columns={"lat": "geodetic_latitude"}), "B_r, B_θ, B_φ are geocentric"),
        (lambda t: t.assign(br=t["br"] * 1000), "no component of the Earth's field in nT"),
        (lambda t: t.assign(r=6.37), "km are expected"),
        (lambda t: t.assign(lat=t["lat"] + 60), "has the latitude 100"),
        (lambda t: t.assign(lat=t["lat"] + np.arange(len(t))), "moves"),
        (lambda t: pd.concat([t, t]), "has a year twice"),
        (lambda t: t.assign(t=t["t"] + 0.01 * np.arange(len(t))), "one year apart"),
        (lambda t: t.assign(t="soon"), "row 2: t is no number"),
        (lambda t: t.assign(br=np.nan), "holds no annual mean"),
        (lambda t: t.assign(br=t["br"] / 1000, bt=t["bt"] / 1000), "give its components in nT"),
        (lambda t: t.assign(lon=512.0), "the longitude 512"),
    ],
)
def test_tables_at_fault_are_told_in_a_line(tmp_path, change, words):
    change(table()).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(InputError, match=words):
        read_observatories(tmp_path / "bad.csv")


@pytest.mark.parametrize("unit", ["deg", "min"])
def test_a_declination_says_its_unit_and_what_is_far_from_the_main_field_is_told(tmp_path, unit):
    path = tmp_path / "a.csv"
    x, y, z = 18_049.6, 5_524.0, 50_991.5  # Victoria, 2012, by the IGRF
    given = table(codes=("VIC",)).drop(columns=["r", "br", "bt", "bp"])
    d = np.degrees(np.arctan2(y, x)) * {"deg": 1, "min": 60}[unit]
    given = given.assign(lat=48.52, lon=236.58, height_m=197.0, h=np.hypot(x, y), z=z)
    given.assign(d=d).to_csv(path, index=False)
    with pytest.raises(InputError, match="or d_min"):
        read_observatories(path)
    given.assign(**{f"d_{unit}": d}).to_csv(path, index=False)
    found = read_observatories(path)
    assert np.allclose(xyz(found)[0, 0], [x, y, z])
    assert not any("far from the Earth's main field" in each for each in found.findings)
    wrong = {f"d_{unit}": d / 60 if unit == "min" else d - 20}
    given.assign(**wrong).to_csv(path, index=False)
    assert any("far from the Earth's main field" in each for each in read_observatories(path).findings)


def test_whole_years_cells_without_names_and_places_that_move_are_told(tmp_path):
    path = tmp_path / "a.csv"
    table().assign(t=lambda t: t["t"] - 0.5).to_csv(path, index=False)
    assert any("write 2015.5 for the mean of 2015" in each for each in read_observatories(path).findings)
    head, *rows = table().to_csv(index=False).splitlines()
    path.write_text("\n".join([head, *(f"{row},7" for row in rows)]))
    with pytest.raises(InputError, match="more cells than its line of names"):
        read_observatories(path)
    for year, place in ((2001, "68.358"), (2002, "67.0")):
        iaga_file(tmp_path, year, **{"Geodetic Latitude": place})
    path.unlink()
    with pytest.raises(InputError, match="ABK lies at geocentric"):
        read_observatories(tmp_path)
    with pytest.raises(InputError, match="99999 m high"):
        read_observatories(iaga_file(tmp_path, 2001, Elevation="99999"))


def test_a_year_twice_in_a_file_of_annual_means_is_refused(tmp_path):
    again = "  1987.500 327 44.5  77 09.9  12223  10336  -6523  53647  55022 A  DHZ"
    with pytest.raises(InputError, match="has two means of all days"):
        read_observatories(annual_file(tmp_path, ROWS + again + "\n"))


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_gzip_is_told_in_one_line(tmp_path, damage):
    content = gzip.compress(table().to_csv(index=False).encode())
    path = tmp_path / "a.csv.gz"
    path.write_bytes(
        content[: len(content) // 2] if damage == "cut" else content[:12] + b"\xff" * 40 + content[52:]
    )
    with pytest.raises(InputError, match="cannot be read"):
        read_observatories(path)


def test_encodings_are_told(tmp_path):
    text = table().to_csv(index=False)
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("utf-16"))
    assert read_observatories(path).sites[0].code == "AAA"
    path.write_bytes(gzip.compress(text.replace("AAA", "FÜR").encode("latin-1")))
    found = read_observatories(path)
    assert any("not in UTF-8: read as Latin-1" in each for each in found.findings)
    assert found.sites[0].code == "FÜR"
    for content, words in (
        (b"", "is empty"),
        (b"\x89PNG\x00\x01", "it is no text"),
        (b"PK\x03\x04", "it is no text"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=words):
            read_observatories(path)


def test_missing_values_are_no_field_and_two_files_of_one_code_are_refused(tmp_path):
    given = table()
    given.loc[3, "br"] = 99999.0
    given.to_csv(tmp_path / "a.csv", index=False)
    assert np.isnan(read_observatories(tmp_path / "a.csv").field[3, 0]).all()
    given.to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InputError, match="AAA comes from several files"):
        read_observatories(tmp_path)


def series(jump: float) -> Observatories:
    years = 1990.5 + np.arange(20)
    field = np.stack([20 * (years - 1990), 0.3 * (years - 2000) ** 2, -5 * (years - 1990)], 1)
    field[10:, 1] += jump
    return Observatories((Site("AAA", 40.0, 10.0, 6371.2),), years, field[:, None])


def test_a_jump_that_no_core_makes_begins_a_new_series():
    found = split_at_jumps(series(120.0))
    assert [site.code for site in found.sites] == ["AAA to 1999.5", "AAA"]
    assert "AAA between 1999.5 and 2000.5" in found.findings[0]
    assert np.isfinite(found.field).all(2).sum(0).tolist() == [10, 10]
    assert np.isnan(found.field[:10, 1]).all()


def test_a_jerk_is_no_jump():
    given = series(0.0)
    given.field[10:, 0, 0] += 15 * (given.years[10:] - 1999.5)  # the rate changes by 15 nT/yr within a year
    assert split_at_jumps(given) is given


def test_the_real_observatories_are_read_with_their_jumps(shared_data):
    found = read_observatories(shared_data / "field/observatory_annual_1997_2023.csv.gz")
    assert (found.years[0], found.years[-1]) == (1997.5, 2023.5)
    assert np.isfinite(found.field).all(2).sum() == 3486
    assert any("API0 between 2007.5 and 2008.5" in each for each in found.findings)
