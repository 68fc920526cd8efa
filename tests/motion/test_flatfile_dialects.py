"""Flatfiles as they come from elsewhere: components, logarithms, units by row, text of all kinds."""

import numpy as np
import pandas as pd
import pytest

from terrella.errors import InputError
from terrella.motion.flatfile.measures import find_measures
from terrella.motion.flatfile.read import Reading, read_flatfile
from terrella.motion.flatfile.write import as_table
from terrella.motion.opening import asked_measures
from terrella.motion.settings import DataSettings
from terrella.motion.synthetic import make_synthetic

MADE = make_synthetic(60, 30, ("PGA", "PGV", "SA(1)"), 3).records
ACCELERATIONS = ("PGA (g)", "SA(1) (g)")


def table() -> pd.DataFrame:
    return as_table(MADE)


def read(tmp_path, content: str | pd.DataFrame, **how):
    path = tmp_path / "flat.csv"
    path.write_text(content if isinstance(content, str) else content.to_csv(index=False), encoding="utf-8")
    return read_flatfile(path, Reading(**{"columns": {}, **how}))


def same(records) -> bool:
    shown = records.of_measures(MADE.measures)
    return len(records) == len(MADE) and np.allclose(shown.ln_motion, MADE.ln_motion, atol=1e-3)


def said(records, words: str) -> bool:
    return any(words in finding for finding in records.findings)


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ("{}_NS", "{}_EW", "{}_UD"),
        ("{} H1", "{} H2", "{} V"),
        ("U_{}", "V_{}", "W_{}"),
        ("{}_x", "{}_y", "{}_z"),
    ],
)
def test_two_horizontal_components_are_averaged_and_the_vertical_is_left_out(tmp_path, first, second, third):
    frame = table()
    for ours, name in (("PGA (g)", "PGA"), ("PGV (cm/s)", "PGV"), ("SA(1) (g)", "SA(1.0)")):
        motion = frame.pop(ours)
        frame[first.format(name)], frame[second.format(name)] = motion * 1.25, motion / 1.25
        frame[third.format(name)] = motion * 0.3
    records = read(tmp_path, frame, unit="g")
    assert same(records)
    assert said(
        records, f"geometric means of two components ({first.format('PGA')} and {second.format('PGA')})"
    )


def test_a_single_or_larger_component_is_said_and_a_vertical_one_alone_is_no_motion(tmp_path):
    frame = table().rename(columns={"PGA (g)": "PGA_NS (g)", "SA(1) (g)": "RotD100_SA(1) (g)"})
    records = read(tmp_path, frame)
    assert said(records, "of one component (PGA_NS (g))")
    assert said(records, "of the larger component or RotD100 (RotD100_SA(1) (g))")
    assert list(find_measures(["PGA_V", "PGA (vertical)", "SA(1)"], {}, "x")[0]) == ["SA(1)"]


def test_the_vertical_flatfile_of_nga_west2_is_said(tmp_path):
    assert said(
        read(tmp_path, table().assign(**{"Lowest Usable Freq - V (Hz)": 1})), "motions are vertical by"
    )
    both = {"Lowest Usable Freq - V (Hz)": 1, "Lowest Usable Freq - H1 (Hz)": 1}
    assert not said(read(tmp_path, table().assign(**both)), "vertical")


def test_which_of_several_columns_is_meant_is_asked(tmp_path):
    frame = table().assign(**{"PGA_raw (g)": 1.0, "PGA_filtered (g)": 1.0}).drop(columns="PGA (g)")
    with pytest.raises(InputError, match=r"several columns may be PGA .*--data.columns.PGA COLUMN"):
        read(tmp_path, frame)
    doubled = table().to_csv(index=False).replace("SA(1) (g)", "PGA (g)")
    with pytest.raises(InputError, match="several columns may be PGA"):
        read(tmp_path, doubled)
    twice = table().to_csv(index=False).replace("depth_km", "magnitude")
    with pytest.raises(InputError, match="several columns are called 'magnitude'"):
        read(tmp_path, twice)


def test_periods_of_two_digits_are_tenths_as_shakemap_has_them():
    found = find_measures(["psa03", "psa10", "psa30", "pga"], {}, "x")[0]
    assert list(found) == ["PGA", "SA(0.3)", "SA(1)", "SA(3)"]


@pytest.mark.parametrize(
    ("name", "factor"), [("ln({}) (g)", 1.0), ("log10_{}", np.log(10)), ("lg {}", np.log(10))]
)
def test_logarithms_are_read_where_a_name_says_them(tmp_path, name, factor):
    frame = table()
    for ours, plain in (("PGA (g)", "PGA"), ("SA(1) (g)", "SA(1.0)")):
        frame[name.format(plain)] = np.log(frame.pop(ours)) / factor
    assert same(read(tmp_path, frame, unit="g"))


@pytest.mark.parametrize(
    ("unit", "base"), [(1.0, 1.0), (980.665, 1.0), (980.665, np.log(10)), (100.0, np.log(10))]
)
def test_logarithms_that_no_name_says_are_refused(tmp_path, unit, base):
    frame = table()
    frame["PGA"] = np.log(frame.pop("PGA (g)") * unit) / base
    with pytest.raises(InputError, match=r"the numbers of 'PGA' are like logarithms .* 'ln PGA \(g\)'"):
        read(tmp_path, frame)
    with pytest.raises(InputError, match="does not say the base of its logarithms"):
        read(tmp_path, frame.rename(columns={"PGA": "logPGA"}))
    named = {"log10 PGA" if base > 1 else "ln PGA": "PGA"}
    given = {1.0: "g", 100.0: "%g", 980.665: "cm/s2"}[unit]
    records = read(tmp_path, frame.drop(columns="SA(1) (g)"), columns=named, unit=given)
    assert np.allclose(records.ln_motion[:, 0], MADE.ln_motion[:, 0], atol=1e-3)


def test_a_name_with_a_unit_that_its_numbers_are_not_in_is_refused(tmp_path):
    frame = table()
    frame["PGA (g)"] *= 980.665
    with pytest.raises(
        InputError, match=r"'PGA \(g\)' is in g by its name, and its numbers are [\d.e+]+ times"
    ):
        read(tmp_path, frame)
    frame = table().rename(columns={"SA(1) (g)": "SA(1)"})
    frame["PGA (cm/s2)"] = 980.665 * frame.pop("PGA (g)")
    with pytest.raises(InputError, match=r"mixed units: 'SA\(1\)' is in g by the size .* says cm/s2"):
        read(tmp_path, frame)
    frame = table()
    frame["PGV (cm/s)"] *= 0.01
    with pytest.raises(InputError, match=r"'PGV \(cm/s\)' is in cm/s by its name"):
        read(tmp_path, frame)


def test_long_periods_far_from_the_model_are_said_and_refused_by_none(tmp_path):
    frame = table()
    for name in ACCELERATIONS:
        frame[name.replace("(g)", "(cm/s2)")] = 980.665 * frame.pop(name)
    frame["SA(8) (cm/s2)"] = frame["SA(1) (cm/s2)"] * 0.003
    low = read(tmp_path, frame.rename(columns={"SA(8) (cm/s2)": "SA(8)"}))
    assert low.measures[-1] == "SA(8)"
    assert said(low, "SA(8), read in cm/s2, are")


def test_velocities_in_metres_are_told_by_their_size(tmp_path):
    frame = table()
    frame["PGV"] = 0.01 * frame.pop("PGV (cm/s)")
    records = read(tmp_path, frame)
    assert same(records)
    assert said(records, "PGV is in m/s, as told by its size")
    plain = read(tmp_path, table().rename(columns={"PGV (cm/s)": "PGV_rotd50_cm_s"}))
    assert same(plain)


def test_a_column_of_units_is_followed_row_by_row(tmp_path):
    frame = table().rename(columns={"SA(1) (g)": "SA(1.000)", "PGA (g)": "PGA"}).assign(acceleration_unit="g")
    frame.loc[::2, "acceleration_unit"] = "cm/s^2"
    frame.loc[::2, ["SA(1.000)", "PGA"]] *= 980.665
    assert same(read(tmp_path, frame))
    frame.loc[3, "acceleration_unit"] = "furlong"
    with pytest.raises(InputError, match="acceleration_unit is 'furlong' in line 5"):
        read(tmp_path, frame)


def test_measures_beyond_the_model_or_without_numbers_change_no_unit(tmp_path):
    frame = table().rename(columns={"SA(1) (g)": "SA(1)", "PGA (g)": "PGA"})
    frame["SA(20)"], frame["SA(2)"] = frame["SA(1)"] * 0.01, np.nan
    records = read(tmp_path, frame)
    assert records.measures == ("PGA", "PGV", "SA(1)", "SA(20)")
    assert same(records)


def test_negative_motions_again_and_again_are_none(tmp_path):
    frame = table()
    frame.loc[:4, "PGA (g)"] = -1.0
    frame["SA(1) (g)"] = frame["SA(1) (g)"].astype(object)
    frame.loc[:4, "SA(1) (g)"] = "#N/A"
    records = read(tmp_path, frame)
    assert said(records, "5 rows of PGA (g) are -1, taken as no motion")
    assert np.isnan(records.ln_motion[:5, [0, 2]]).all()
    signed = table()
    signed.loc[::2, "PGA (g)"] *= -1
    assert same(read(tmp_path, signed))


def test_what_stands_for_nothing_elsewhere_is_a_longitude_here(tmp_path):
    frame = table().assign(station_longitude=-99.0, station_latitude=-9.0, depth_km=-999)
    records = read(tmp_path, frame)
    assert (records.station_longitude == -99).all()
    assert (records.station_latitude == -9).all()
    assert np.isnan(records.depth_km).all()


@pytest.mark.parametrize(
    "kind", ["title", "commented", "sep", "trailing", "r", "spaces", "decimal commas", "blank"]
)
def test_text_of_all_kinds_is_the_same_table(tmp_path, kind):
    frame = table().drop(columns="rjb_from")
    text = frame.to_csv(index=False)
    head, _, rest = text.partition("\n")
    if kind == "title":
        text = f"Ground motions, version 2\n\n{text}"
    elif kind == "commented":
        text = f"# {text}"
    elif kind == "sep":
        text = f"sep=,\n{text}"
    elif kind == "trailing":
        text = f"{head}\n" + "".join(f"{line},\n" for line in rest.splitlines())
    elif kind == "r":
        text = f"{head}\n" + "".join(f'"{n + 1}",{line}\n' for n, line in enumerate(rest.splitlines()))
    elif kind == "spaces":
        text = "\n".join(
            " ".join(f'"{each}"' if not each.replace(".", "").isdigit() else each for each in line.split(","))
            for line in text.splitlines()
        )
    elif kind == "decimal commas":
        text = frame.assign(time="2001-02-03T04:05:06.5Z").to_csv(index=False, sep=";", decimal=",")
    else:
        text = text.replace("\n", "\n\n")
    records = read(tmp_path, text)
    assert same(records)
    assert np.allclose(records.magnitude, MADE.magnitude, atol=1e-4)


def test_lines_are_those_of_the_file(tmp_path):
    frame = table()
    frame.loc[2, "magnitude"] = 55
    with pytest.raises(InputError, match="magnitude is 55 in line 7"):
        read(tmp_path, "# made\nA title\n" + frame.to_csv(index=False).replace("\n", "\n\n", 1))


def test_rows_that_do_not_fit_the_header_are_refused(tmp_path):
    text = table().to_csv(index=False)
    split = text.replace("depth_km", "Depth (km, below sea)")
    with pytest.raises(InputError, match=r"holds a separator outside quotation marks \('Depth \(km', ...\)"):
        read(tmp_path, split)
    cut = text.rstrip("\n").rpartition(",")[0] + "\n"
    with pytest.raises(InputError, match="has fewer fields than the header names"):
        read(tmp_path, cut)
    head, _, rest = text.partition("\n")
    more = f"{head}\n" + "".join(f"x{line},1\n" for line in rest.splitlines())
    with pytest.raises(InputError, match="rows have 17 fields and its header 16"):
        read(tmp_path, more)
    (tmp_path / "flat.csv").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(InputError, match="a workbook or an archive; save the sheet as CSV"):
        read_flatfile(tmp_path / "flat.csv", Reading({}))


def test_mechanisms_are_words_a_rake_or_codes_that_are_documented(tmp_path):
    words = {"SS": "Strike-Slip fault", "NS": "Normal-oblique", "RS": "RF", "U": "undefined"}
    frame = table()
    told = read(tmp_path, frame.assign(mechanism=frame["mechanism"].map(words)))
    assert (told.mechanism == MADE.mechanism).all()
    coded = read(tmp_path, frame.assign(mechanism="1"))
    assert (coded.mechanism == 0).all()
    assert said(coded, "have a mechanism that is not known (mechanism: 1)")
    nga = frame.drop(columns="mechanism").assign(**{"Mechanism Based on Rake Angle": "2.0"})
    assert (read(tmp_path, nga).mechanism == 3).all()


def test_years_are_read_of_any_time_and_of_the_year_beside_it(tmp_path):
    frame = table().drop(columns="year").assign(event_time="5/23/1992 10:30")
    assert np.allclose(read(tmp_path, frame).year, 1992.5)
    frame.loc[:9, "event_time"] = "yesterday"
    records = read(tmp_path, frame)
    assert said(records, "10 rows have a event_time whose year is not known")
    frame["Year"] = 1970
    assert np.allclose(read(tmp_path, frame).year[:10], 1970)


def test_magnitudes_of_no_type_and_periods_beyond_the_model_are_told(tmp_path):
    frame = table().drop(columns="rjb_from")
    assert said(
        read(tmp_path, frame), "nothing says of which type magnitude is: it is taken as moment magnitude"
    )
    assert not said(read(tmp_path, frame.rename(columns={"magnitude": "Mw"})), "of which type")
    assert not said(read(tmp_path, frame.assign(mag_type="Mw")), "of which type")
    with pytest.raises(InputError, match=r"SA\(20\) is beyond BSSA14"):
        asked_measures(DataSettings(measures=("PGA", "SA(20)")))


def test_earthquakes_of_other_settings_and_distances_without_a_depth_are_told(tmp_path):
    records = read(tmp_path, table().assign(eq_type="intra-slab"))
    assert said(records, "rows are of earthquakes for which BSSA14 was not made (eq_type: intra-slab)")
    frame = (
        table()
        .drop(columns=["depth_km", "rjb_from", "event_longitude"])
        .rename(columns={"rjb_km": "Rhyp (km)"})
    )
    with pytest.raises(InputError, match=r"no row has a distance \(Rhyp \(km\) needs a depth beside it"):
        read(tmp_path, frame)


@pytest.mark.filterwarnings("ignore:object name is not a valid Python identifier")
def test_categories_and_times_of_pandas_blocks_are_read(tmp_path):
    pytest.importorskip("tables")
    frame = table().drop(columns="rjb_from").rename(columns=lambda name: name.partition(" (")[0])
    for name in frame.select_dtypes(exclude="number"):
        frame[name] = frame[name].astype(str).astype(object).astype("category")
    frame["event_time"] = pd.Timestamp("1999-07-01")
    frame = frame.drop(columns="year")
    frame.to_hdf(tmp_path / "flat.h5", key="flatfile", format="table")
    records = read_flatfile(tmp_path / "flat.h5", Reading({}))
    assert same(records)
    assert (records.event == MADE.event).all()
    assert (records.mechanism == MADE.mechanism).all()
    assert np.allclose(records.year, 1999.5, atol=0.01)
