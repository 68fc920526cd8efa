"""What is no earthquake is left out by the words of the published vocabularies; other words are named."""

import csv
import gzip
import json
from pathlib import Path
from types import ModuleType

import pytest

from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.event_types import Kind, is_magnitude_type, kind_of
from terrella.formats.catalogues.findings import Findings
from terrella.formats.catalogues.read import read_catalogue

# NCEDC/NCSS-catalogs on GitHub and the listing of SCEDC's catalogue: code, and QuakeML's word for it
CALIFORNIA = {
    "eq": "earthquake", "bc": "building collapse", "ex": "chemical explosion", "ls": "landslide", "mi": "meteorite",
    "nt": "nuclear explosion", "ot": "other event", "qb": "quarry blast", "rs": "rockslide",
    "sh": "controlled explosion", "sn": "sonic boom", "th": "thunder", "uk": "not reported",
}  # fmt: skip
EARTHQUAKES = (
    "earthquake",
    "induced or triggered event",
    "reservoir loading",
    "fluid injection",
    "fluid extraction",
)


def test_every_word_of_quakeml_is_known(obspy: ModuleType) -> None:
    from obspy.core.event.header import EventType

    for word in EventType:
        expected = (
            Kind.EARTHQUAKE if word in EARTHQUAKES else Kind.UNSAID if word == "not reported" else Kind.OTHER
        )
        assert kind_of(word) is kind_of(word.upper()) is kind_of(word.replace(" ", "_")) is expected, word


def test_the_codes_of_isc_and_gse_say_what_obspy_makes_of_them(obspy: ModuleType) -> None:
    from obspy.io.gse2.bulletin import EVENT_TYPES
    from obspy.io.iaspei.core import EVENT_TYPE_CERTAINTY

    words = {code: word for code, (word, _) in EVENT_TYPE_CERTAINTY.items() if code}
    words |= {code: str(word) for code, (_, word) in EVENT_TYPES.items() if code != "uk"}
    for code, word in words.items():
        assert kind_of(code) is kind_of(code.upper()) is (kind_of(word) if word else Kind.UNSAID), code


def test_californias_codes() -> None:
    for code, word in CALIFORNIA.items():
        assert kind_of(code) is kind_of(code.upper()) is kind_of(word), code


def test_words_are_compared_whole() -> None:
    for word in (
        "not an earthquake",
        "non-earthquake",
        "suspected explosion",
        "ice quake",
        "Tir de carrière",
        "x",
    ):
        assert kind_of(word) is Kind.OTHER, word
    for word in ("Sismo", "Séisme", "ERDBEBEN", "suspected earthquake", "Ke"):
        assert kind_of(word) is Kind.EARTHQUAKE, word
    for word in ("earthquake-like", "foo", "e", "1"):
        assert kind_of(word) is Kind.UNKNOWN, word


def read_types(tmp_path: Path, types: list[str], header: str = "type") -> tuple[Catalogue, Findings]:
    rows = [f"2019-07-{i + 1:02d},1,2,{3 + i / 10:.1f},{word}" for i, word in enumerate(types)]
    (tmp_path / "c.csv").write_text("\n".join([f"time,lat,lon,mag,{header}", *rows]), encoding="utf-8")
    return read_catalogue(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("types", "header", "kept"),
    [
        (["eq", "eq", "qb", "sn"], "ET", 2),
        (["ke", "KM", "kh", "se"], "type", 2),
        (["", "", "not existing", "duplicate"], "eventtype", 2),
        (["", "ice quake", "landslide"], "type", 1),
        (["sismo", "voladura"], "type", 1),
        (["", "x", ""], "Ev. type", 2),
        (["ML", "Mw", "mb_Lg", "Mw(mB)"], "type", 4),
    ],
)
def test_what_is_no_earthquake_is_left_out(tmp_path: Path, types: list[str], header: str, kept: int) -> None:
    assert len(read_types(tmp_path, types, header)[0]) == kept


def test_unknown_words_are_counted_and_named_and_types_of_magnitude_are_no_words(tmp_path: Path) -> None:
    catalogue, findings = read_types(tmp_path, ["earthquake", "foo", "foo", "bar"])
    assert len(catalogue) == 4
    assert any(
        "3 events of types in no vocabulary kept ('foo' 2, 'bar' 1)" in line for line in findings.lines()
    )
    catalogue, findings = read_types(tmp_path, ["ML", "Mw"])
    assert catalogue.magnitude_types == ("ML", "Mw")
    assert not any("vocabulary" in line for line in findings.lines())
    assert [word for word in ("ml", "mb", "Mwc", "MLv", "m") if not is_magnitude_type(word)] == []
    assert [word for word in ("mine", "mi", "eq", "") if is_magnitude_type(word)] == []


def test_a_column_with_a_value_of_its_own_in_every_row_holds_no_types(tmp_path: Path) -> None:
    rows = "".join(f"2019-07-06T03:{i % 60:02d}:{i // 60:02d},1,2,3,{i * 1.5}\n" for i in range(200))
    (tmp_path / "c.csv").write_text(f"time,lat,lon,mag,ET\n{rows}")
    catalogue, findings = read_catalogue(tmp_path / "c.csv")
    assert len(catalogue) == 200
    assert any("values of column ET too various" in line for line in findings.lines())


def test_types_under_an_unknown_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="column Kind seems to hold what shook"):
        read_types(tmp_path, ["earthquake", "quarry blast"], "Kind")


def test_what_was_taken_back_is_left_out(tmp_path: Path) -> None:
    rows = [
        ("2019-07-06T03:19:53", "reviewed"),
        ("2019-07-06T03:20:10", "deleted"),
        ("2019-07-06T04:20:10", "DELETED"),
        ("2019-07-06T05:20:10", ""),
    ]
    text = "time,lat,lon,mag,status\n" + "\n".join(f"{time},1,2,3,{status}" for time, status in rows)
    (tmp_path / "c.csv").write_text(text)
    features = [
        {
            "properties": {"time": i * 10**9, "mag": 3.0, "status": status},
            "geometry": {"coordinates": [2, 1, 3]},
        }
        for i, (_, status) in enumerate(rows)
    ]
    (tmp_path / "c.json").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    for name in ("c.csv", "c.json"):
        catalogue, findings = read_catalogue(tmp_path / name)
        assert len(catalogue) == 2
        assert any("1 events of status 'deleted' left out" in line for line in findings.lines())


def test_the_row_taken_back_in_a_world_catalogue_changes_nothing(shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "forecast" / "global_m45_2012_2018.comcat.csv.gz", "rt") as file:
        rows = [row for row, _ in zip(csv.reader(file), range(2000), strict=False)]
    rows[-1][rows[0].index("status")], rows[-1][rows[0].index("mag")] = "deleted", "8.2"
    both = []
    for chosen in (rows, rows[:-1]):
        with (tmp_path / "c.csv").open("w", newline="") as file:
            csv.writer(file).writerows(chosen)
        both.append(read_catalogue(tmp_path / "c.csv")[0].magnitude.tolist())
    assert both[0] == both[1]


def test_a_word_in_no_vocabulary_hides_no_types(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="column Tipo seems to hold what shook"):
        read_types(tmp_path, ["sismo", "explosión", "terremoto", "foo"], "Tipo")
    few = ["explosion", "north of town", "by the sea", "at the lake"]
    assert len(read_types(tmp_path, few, "Where")[0]) == len(few)
