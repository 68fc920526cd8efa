"""Tables and profiles as users have them: units, order, and faults told in a line."""

import numpy as np
import pandas as pd
import pytest
from interior_cases import prem_table, write_perplex

from terrella.earth.pressure import prem_pressure_gpa
from terrella.errors import InputError
from terrella.interior.profiles.read import read_profile
from terrella.interior.tables.columns import name_and_unit
from terrella.interior.tables.read import read_table
from terrella.interior.tables.write import as_table


@pytest.mark.parametrize(
    ("heading", "ours", "unit"),
    [
        ("Vp(m/s)", "vp", "m/s"), ("rho,kg/m3", "density", "kg/m3"), ("depth_km", "depth", "km"),
        ("density [kg/m^3]", "density", "kg/m3"), ("P(bar)", "pressure", "bar"), ("vs", "vs", None),
        ("density_g_cm3", "density", "g/cm3"), ("Qmu", None, None), ("depth_to_moho", None, None),
    ],
)  # fmt: skip
def test_names_and_units(heading, ours, unit):
    assert name_and_unit(heading) == (ours, unit)


@pytest.mark.parametrize(
    ("names", "factors"),
    [
        (("depth_m", "vp_m_s", "vs_m_s", "density_g_cm3"), (1000, 1000, 1000, 1e-3)),
        (("depth", "vp", "vs", "rho"), (1, 1, 1, 1)),
        (("depth", "vp", "vs", "rho"), (1000, 1000, 1000, 1e-3)),
        (("Depth(m)", "Vp(m/s)", "Vs(m/s)", "Density(g/m^3)"), (1000, 1000, 1000, 1)),
    ],
)
def test_units_are_told_by_names_or_numbers(tmp_path, names, factors):
    table = prem_table()
    made = pd.DataFrame({name: table.iloc[:, n] * factors[n] for n, name in enumerate(names)})
    made.to_csv(tmp_path / "given.csv", index=False)
    found = read_profile(tmp_path / "given.csv")
    assert np.allclose(found.depth_km, table["depth_km"])
    assert np.allclose(found.vp, 1000 * table["vp_km_s"])
    assert np.allclose(found.density, table["density_kg_m3"])
    assert np.allclose(found.pressure_gpa, prem_pressure_gpa(found.depth_km), rtol=0.02)


@pytest.mark.parametrize(
    ("between", "change", "words"),
    [
        (" ", lambda row: row.replace(" 4", "", 1), "4 cells where the first row has 5"),
        ("\t", lambda row: row.rsplit("\t", 1)[0], "4 cells where the first row has 5"),
        (";", lambda row: row.replace(".", ","), "decimal commas"),
    ],
)
def test_a_cell_that_is_not_there_shifts_no_other(tmp_path, between, change, words):
    rows = [[*row, 1.0] for row in prem_table().to_numpy()]
    text = [between.join(f"{each:.3f}" for each in row) for row in rows]
    head = between.join(["depth_km", "vp_km_s", "vs_km_s", "density_kg_m3", "q"])
    path = tmp_path / "profile.txt"
    path.write_text("\r\n".join([head, *text]))
    assert np.allclose(read_profile(path).vs, 1000 * prem_table()["vs_km_s"], atol=1)
    path.write_text(
        "\n".join([head, *(change(each) if between == ";" or at else each for at, each in enumerate(text))])
    )
    with pytest.raises(InputError, match=words):
        read_profile(path)
    if between == "\t":  # an empty cell between tabs is a missing one
        cells = text[3].split("\t")
        text[3] = "\t".join([*cells[:2], "", *cells[3:]])
        path.write_text("\n".join([head, *text]))
        with pytest.raises(InputError, match="vs is missing in line 5"):
            read_profile(path)


def test_a_profile_from_the_centre_up_and_blanks_between_columns(tmp_path):
    table = prem_table(np.arange(24.5, 6371, 25))
    lines = ["# a model", "# radius [m] density [kg/m^3] vpv [m/s] vph [m/s] vsv [m/s] vsh [m/s]"]
    for z, vp, vs, rho in table.iloc[::-1].to_numpy():
        lines.append(f"{1000 * (6371 - z)} {rho} {1000 * vp} {1000 * vp} {1000 * vs} {1000 * vs}")
    (tmp_path / "model.txt").write_text("\n".join(lines))
    found = read_profile(tmp_path / "model.txt")
    assert np.allclose(found.vs[found.mantle], prem_table(found.depth_km)["vs_km_s"][found.mantle] * 1000)
    assert np.allclose(found.pressure_gpa, prem_pressure_gpa(found.depth_km), rtol=5e-3)
    assert (~found.mantle == (found.depth_km > 2891)).all()
    assert any("core" in finding for finding in found.findings)


def test_several_profiles_are_integrated_each_for_itself(tmp_path):
    one = prem_table()
    both = pd.concat([one.assign(longitude=0.0, latitude=1.0), one.assign(longitude=5.0, latitude=1.0)])
    both = both.sort_values("depth_km", kind="stable")  # layer by layer, as maps are
    both.to_parquet(tmp_path / "map.parquet")
    found = read_profile(tmp_path / "map.parquet")
    single = tmp_path / "one.csv"
    one.to_csv(single, index=False)
    assert np.allclose(found.pressure_gpa[::2], read_profile(single).pressure_gpa)
    assert np.allclose(found.pressure_gpa[1::2], found.pressure_gpa[::2])


def test_a_pressure_does_instead_of_a_depth(tmp_path):
    table = prem_table().drop(columns="depth_km").assign(pressure_gpa=np.linspace(2, 20, 16))
    table.to_csv(tmp_path / "given.csv", index=False)
    found = read_profile(tmp_path / "given.csv")
    assert found.pressure_from == "the file"
    assert np.isnan(found.depth_km).all()


def _changed(column, row, value):
    def change(table):
        table[column] = table[column].astype(object)
        table.loc[row, column] = value
        return table

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="density_kg_m3"), "no column of density; it has depth_km"),
        (lambda t: t.drop(columns="depth_km"), "no column of depth"),
        (_changed("vp_km_s", 3, np.nan), "vp is missing in line 5"),
        (_changed("vs_km_s", 3, "fast"), "vs_km_s is 'fast' in line 5, expected a number"),
        (_changed("vp_km_s", 3, 9000.0), "which in no unit of velocity"),
        (_changed("depth_km", 3, 500.0), "the depth falls in line 6"),
        (_changed("depth_km", 3, -5.0), "in no unit of depth"),
        (_changed("density_kg_m3", 3, 11000.0), "a density of the core lies above the core in line 5"),
        (lambda t: t.rename(columns={"vp_km_s": "vs_km_s", "vs_km_s": "vp_km_s"}), "vp is not above vs"),
        (lambda t: t.assign(vs_km_s=0.0), "no row is of the solid mantle"),
        (lambda t: t.assign(rho=3300), "are both columns of density"),
        (lambda t: t.rename(columns={"vp_km_s": "vp_gpa"}), "vp_gpa is in GPa, which is no unit of velocity"),
        (lambda t: t.assign(pressure=np.linspace(2, 20, 16)), "pressure may be in GPa or"),
        (lambda t: t.iloc[:0], "no row of numbers"),
    ],
)  # fmt: skip
def test_faults_of_a_profile_are_told_in_a_line(tmp_path, change, words):
    change(prem_table()).to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(InputError, match=words) as told:
        read_profile(tmp_path / "given.csv")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"depth,vp\n\xb3,2\n", "is not utf-8: byte 0xb3 in line 2; it looks like cp1252: write it as UTF-8"),
        ("depth_km,vp\n1,2\n".encode("utf-16-le"), "it looks like utf-16-le; write it as UTF-8"),
        (b"", "is empty"),
        (b"\x89PNG\x00\x00\x01\x02", "it is no text"),
        (b"1 2 3\n4 5 6\n", "names its 3 columns"),
        (b"depth vp vs density\n1 2 3 4\n1 2 3 4 5\n", "cannot be read as a table"),
    ],
)
def test_files_of_other_kinds_are_told_in_a_line(tmp_path, content, words):
    (tmp_path / "given.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_profile(tmp_path / "given.csv")


def test_a_table_is_the_same_in_both_formats_and_either_order(tmp_path):
    write_perplex(tmp_path / "rock.tab")
    grid = read_table(tmp_path / "rock.tab")
    assert grid.ln.shape == (1, 7, 24, 3)
    table = as_table(grid)
    table.sample(frac=1, random_state=0).to_csv(tmp_path / "list.csv", index=False)
    again = read_table(tmp_path / "list.csv")
    assert np.allclose(again.ln, grid.ln)
    assert np.allclose(again.entropy, grid.entropy)
    text = (tmp_path / "rock.tab").read_text().splitlines()
    cells = np.array(text[13:]).reshape(7, 24).T.ravel()
    turned = [*text[:3], *text[7:11], *text[3:7], *text[11:13], *cells]
    (tmp_path / "turned.tab").write_text("\n".join(turned))
    assert np.allclose(read_table(tmp_path / "turned.tab").ln, grid.ln)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[:-5], "is cut off or changed: 163 rows, expected 168"),
        (lambda lines: [*lines[:2], "1", *lines[3:]], "has 1 variables"),
        (lambda lines: [*lines[:3], "X(Mg)", *lines[4:]], "is none of P and T"),
        (lambda lines: [*lines[:7], "T(C)", *lines[8:]], "temperature is read in K"),
        (lambda lines: lines[:5], "its head is not that of a Perple_X table"),
        (
            lambda lines: [*lines[:12], lines[12].replace("vp,km/s", "vp,GPa"), *lines[13:]],
            "no unit of velocity",
        ),
        (lambda lines: [*lines[:12], lines[12].replace("vs,km/s", "x,1"), *lines[13:]], "no column of vs"),
        (lambda lines: [*lines[:6], "4", *lines[7:13], *lines[13:41]], "4 pressures from 0.1 GPa on"),
    ],
)
def test_faults_of_a_table_are_told_in_a_line(tmp_path, change, words):
    write_perplex(tmp_path / "rock.tab")
    lines = change((tmp_path / "rock.tab").read_text().splitlines())
    (tmp_path / "rock.tab").write_text("\n".join(lines))
    with pytest.raises(InputError, match=words):
        read_table(tmp_path / "rock.tab")


def test_cells_without_numbers_leave_their_pressure_out(tmp_path):
    write_perplex(tmp_path / "rock.tab")
    lines = (tmp_path / "rock.tab").read_text().splitlines()
    lines[15] = "NaN NaN NaN NaN"
    (tmp_path / "rock.tab").write_text("\n".join(lines))
    grid = read_table(tmp_path / "rock.tab")
    assert len(grid.pressure_gpa) == 23
    assert "1 pressures have cells without numbers" in grid.findings[0]


def test_a_list_with_a_pair_missing_or_twice_is_refused(tmp_path):
    write_perplex(tmp_path / "rock.tab")
    table = as_table(read_table(tmp_path / "rock.tab"))
    table.iloc[:-1].to_csv(tmp_path / "list.csv", index=False)
    with pytest.raises(InputError, match="each pair must be there once"):
        read_table(tmp_path / "list.csv")


def test_real_models_and_a_real_table_are_read(shared_data):
    folder = shared_data / "interior"
    table = read_table(folder / "in23_1.tab")
    assert table.ln.shape == (1, 13, 125, 3)
    for name in ("prem", "ak135", "STW105"):
        found = read_profile(folder / f"{name}.txt")
        assert 130 < found.pressure_gpa[found.mantle].max() < 137
    with pytest.raises(InputError, match="no column of density"):
        read_profile(folder / "iasp91.txt")
