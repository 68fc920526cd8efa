"""Catalogues as agencies of many countries write them; values are those that the text says to a reader."""

from pathlib import Path

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import Catalogue
from terrella.formats.catalogues.read import read_catalogue

FIRST = np.datetime64("2021-03-13T10:16:08.500")


def read(tmp_path: Path, content: str, encoding: str = "utf-8", name: str = "c.txt") -> Catalogue:
    (tmp_path / name).write_bytes(content.encode(encoding))
    return read_catalogue(tmp_path / name)[0]


def said(tmp_path: Path) -> list[str]:
    return read_catalogue(tmp_path / "c.txt")[1].lines()


def refusal(tmp_path: Path, content: str, encoding: str = "utf-8") -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, encoding)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def is_the_first(catalogue: Catalogue, magnitude: float = 6.0, depth_km: float = 8.0) -> bool:
    values = (catalogue.longitude, catalogue.latitude, catalogue.depth_km, catalogue.magnitude)
    assert [each[0] for each in values] == pytest.approx([22.176, 39.76, depth_km, magnitude], abs=1e-4)
    assert catalogue.time_utc[0] == FIRST
    return True


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("发震时刻,震级(M),纬度(°),经度(°),深度(千米)", "utf-8"),
        ("发震时刻,震级(M),纬度(°),经度(°),深度(千米)", "gbk"),
        ("地震時間,規模,緯度,經度,深度", "big5"),
        ("発生日時,規模,緯度,経度,深さ(km)", "shift_jis"),
        ("발생시각,규모,위도,경도,깊이(km)", "cp949"),
        ("Дата и время,Магнитуда,Широта,Долгота,Глубина (км)", "cp1251"),
        ("Tarih,Büyüklük,Enlem,Boylam,Derinlik(km)", "iso-8859-9"),
        ("FECHA - HORA UTC,MAGNITUD,LATITUD (grados),LONGITUD (grados),PROFUNDIDAD (Km)", "utf-8"),
        ("Fecha y hora (UTC),Magnitud,Latitud (º),Longitud (º),Profundidad", "latin-1"),
        ("Data e ora (UTC),Magnitudo,Latitudine,Longitudine,Profondità (km)", "latin-1"),
        ("発生日時,規模,緯度,経度,深さ(km)", "euc_jp"),
        ("Дата и время,Магнитуда,Широта,Долгота,Глубина (км)", "koi8-r"),
        ("time_occured,richter,latit,longit,depth", "utf-8"),
        ("Origin Time,Local Magnitude,Latitude (WGS84),Longitude (WGS84),Depth", "utf-8"),
        ("Waktu,Magnitudo,Lintang,Bujur,Kedalaman (km)".replace("Waktu", "Tanggal"), "utf-8"),
    ],
)
def test_headers_in_many_languages_and_encodings(tmp_path: Path, header: str, encoding: str) -> None:
    text = f"{header}\n2021-03-13 10:16:08.5,6.0,39.76,22.176,8\n"
    assert is_the_first(read(tmp_path, text, encoding))


def test_times_whose_zone_nothing_says_are_told(tmp_path: Path) -> None:
    read(tmp_path, "time,lat,lon,mag\n2021-03-13 10:16:08,39.76,22.176,6\n")
    assert "1 times without a zone, taken as UTC" in said(tmp_path)
    for header, time in (("Time (UTC)", "2021-03-13 10:16:08"), ("time", "2021-03-13T10:16:08Z")):
        read(tmp_path, f"{header},lat,lon,mag\n{time},39.76,22.176,6\n")
        assert len(said(tmp_path)) == 2  # and the depth


def test_the_order_of_day_and_month_where_values_tell_it(tmp_path: Path) -> None:
    rows = "{},10:16:08.5,39.76,22.176,8,6.0\n{},11:00:00,39.7,22.1,8,4.0\n"
    header = "Date,Time,Lat,Lon,Depth,Mag\n"
    for first, second, order in (
        ("13/03/2021", "02/04/2021", "day, month, year"),
        ("03/13/2021", "04/02/2021", "month, day, year"),
        ("13.03.2021", "02.04.2021", "day, month, year"),
    ):
        catalogue = read(tmp_path, header + rows.format(first, second))
        assert is_the_first(catalogue)
        assert catalogue.time_utc[1] == np.datetime64("2021-04-02T11:00:00")
        assert f"2 dates of Date and Time read as {order}, as their values say" in said(tmp_path)
    for first, second in (
        ("03/04/2021", "02/04/2021"),
        ("13/03/2021", "04/13/2021"),
        ("13/03/2021", "02.04.2021"),
    ):
        assert "day and month cannot be told apart" in refusal(tmp_path, header + rows.format(first, second))


def test_clocks_of_twelve_hours(tmp_path: Path) -> None:
    rows = ["12:05:00 AM", "1:05:00 a.m.", "12:05 PM", "11:05:59.5 PM"]
    text = "Date,Time,Lat,Lon,Mag\n" + "".join(f"2021-03-13,{row},1,2,3\n" for row in rows)
    hours = read(tmp_path, text).time_utc.astype(str)
    assert [each[11:21] for each in hours] == ["00:05:00.0", "01:05:00.0", "12:05:00.0", "23:05:59.5"]


def test_hours_and_minutes_of_one_number(tmp_path: Path) -> None:
    rows = "".join(f"2021,1,{day},{clock},1,2,3\n" for day, clock in ((1, 930), (2, 5), (3, 2359)))
    clocks = read(tmp_path, f"year,month,day,hour,lat,lon,mag\n{rows}").time_utc.astype(str)
    assert [each[11:16] for each in clocks] == ["09:30", "00:05", "23:59"]
    rows = "".join(f"2021,1,{day},{clock},1,2,3\n" for day, clock in ((1, 9), (2, 5), (3, 100)))
    assert "no column for the minute" in refusal(tmp_path, f"year,month,day,hour,lat,lon,mag\n{rows}")


def test_months_by_name_in_several_languages(tmp_path: Path) -> None:
    for name, month in (
        ("Ene", 1),
        ("Fev", 2),
        ("Nis", 4),
        ("Maggio", 5),
        ("Agu", 8),
        ("Okt", 10),
        ("Dic", 12),
    ):
        catalogue = read(tmp_path, f'date,time,lat,lon,mag\n"{name} 13, 2021",10:16:08.5,1,2,3\n')
        assert catalogue.time_utc[0] == np.datetime64(f"2021-{month:02d}-13T10:16:08.500")


def test_indonesian_hemispheres(tmp_path: Path) -> None:
    text = "Tanggal,Lintang,Bujur,Magnitude\n2021-03-13,8.45 LS,123.17 BT,3\n2021-03-14,1.5 LU,95.2 BT,3\n"
    catalogue = read(tmp_path, text)
    assert catalogue.latitude.tolist() == [-8.45, 1.5]
    assert catalogue.longitude.tolist() == [123.17, 95.2]


def test_decimal_commas_where_they_can_be_nothing_else(tmp_path: Path) -> None:
    text = "Data;Ora;Lat;Lon;Prof;Mag\n2021-03-13;10:16:08.5;39,760;22,176;8,0;6\n"
    assert is_the_first(read(tmp_path, text))
    # 1,234 may be 1.234 km or 1234 of something else.
    assert "Prof = '1,234'" in refusal(tmp_path, text.replace("8,0", "1,234"))
    assert "Prof = '1.234,5'" in refusal(tmp_path, text.replace("8,0", "1.234,5"))


def test_magnitudes_with_their_types_beside_them(tmp_path: Path) -> None:
    rows = ["6.0 Mw", "4.1 Ml", "Mb 4.4", "3.5"]
    text = "Fecha UTC,Latitud,Longitud,Magnitud\n" + "".join(f"2021-03-13,1,2,{row}\n" for row in rows)
    catalogue = read(tmp_path, text)
    assert catalogue.magnitude.tolist() == [6.0, 4.1, 4.4, 3.5]
    assert catalogue.magnitude_types == ("Mw", "Ml", "Mb")
    assert catalogue.magnitude_type.tolist() == [0, 1, 2, -1]
    assert "Magnitud = '4.1 of Ml'" in refusal(tmp_path, text.replace("4.1 Ml", "4.1 of Ml"))


def test_dashes_stand_for_what_is_missing(tmp_path: Path) -> None:
    catalogue = read(tmp_path, "time,lat,lon,depth,mag\n2021-03-13,1,2,-,3\n2021-03-14,1,2,-.-,3\n")
    assert np.isnan(catalogue.depth_km).all()
    for word in ("-.-", "---", "no calculable"):
        text = f"Fecha,Hora,Magnitud,Latitud,Longitud\n2021-03-13,10:16:08,{word},1,2\n"
        assert "no magnitude; every event needs one" in refusal(tmp_path, text)


def test_a_column_of_truths_holds_no_types_of_events(tmp_path: Path) -> None:
    text = "time,lat,lon,mag,felt?\n2021-03-13,1,2,3,False\n2021-03-14,1,2,3,True\n"
    assert len(read(tmp_path, text)) == 2


def test_json_records_bare_and_under_a_key(tmp_path: Path) -> None:
    record = (
        '{"eventID": "5", "latitude": "39.76", "longitude": "22.176", "depth": "8", "type": "MW", '
        '"magnitude": "6.0", "date": "2021-03-13T10:16:08.5", "isEventUpdate": false, "lastUpdate": null}'
    )
    catalogue = read(tmp_path, f"[{record}, {record.replace('6.0', '5.0')}]")
    assert is_the_first(catalogue)
    assert catalogue.magnitude_types == ("MW",)
    assert is_the_first(read(tmp_path, f'{{"status": true, "result": [{record}], "meta": {{"n": 1}}}}'))
    point = '{"type": "Point", "coordinates": [22.176, 39.76]}'
    nested = f'{{"date": "2021-03-13 10:16:08.5", "mag": 6, "depth": 8, "at": {point}}}'
    assert is_the_first(read(tmp_path, f'{{"events": [{nested}]}}'))
    # Of two lists none is the events', and numbers without a unit are no times.
    assert "or one list of records" in refusal(tmp_path, f'{{"a": [{record}], "b": [{record}]}}')
    number = record.replace('"2021-03-13T10:16:08.5"', "1615630568").replace('"date"', '"time"')
    assert "holds double, which is no time" in refusal(tmp_path, f"[{number}]")


def test_the_bulletin_of_athens(tmp_path: Path) -> None:
    text = """      DATE         TIME     LAT.   LONG.  DEPTH    MAGNITUDE
                   (GMT)    (N)    (E)    (km)       (Local)
 2021 MAR 13   10 16 08.5   39.7600   22.1760    8         6.0
 2021 APR  3    1 24 04.6   39.6600   22.0900   13         5.2
"""
    catalogue = read(tmp_path, text)
    assert is_the_first(catalogue)
    assert catalogue.time_utc[1] == np.datetime64("2021-04-03T01:24:04.600")
    assert "line 4" in refusal(tmp_path, text.replace("   13   ", "        "))


def test_tables_that_end_in_words_of_any_number(tmp_path: Path) -> None:
    text = """Date       Time       Lat     Lon     Depth  Mag  Locality
---------- ---------- ------- ------- -----  ---  --------
2021-03-13 10:16:08.5 39.7600 22.1760   8.0  6.0  LARISA (N OF IT)  felt
2021-04-03 01:24:04.6 39.6600 22.0900  13.0  5.2
"""
    catalogue = read(tmp_path, text)
    assert is_the_first(catalogue)
    assert catalogue.magnitude[1] == 5.2
    # Without its depth a row's magnitude would be read in its place.
    assert "fields where the first line has 7" in refusal(
        tmp_path, text.replace("  13.0  5.2", "        5.2")
    )
    shifted = text.replace("Date ", "Event ID  Date ").replace("2021-", "7         2021-")
    assert "fields where the first line has 9" in refusal(tmp_path, shifted)


def test_relocated_catalogues_of_growclust_and_southern_california(tmp_path: Path) -> None:
    text = """2021  3 13 10 16 08.500 3301565 39.76000   22.17600   8.000  6.00  45  17  89  0.24 le ct  Poly5
2021  4  3  1 24 04.600 3301569 39.66000   22.09000  13.000  5.20  10  47  46  0.25 le ct
"""
    catalogue = read(tmp_path, text)
    assert is_the_first(catalogue)
    assert catalogue.event_id is not None
    assert catalogue.event_id[1] == b"3301569"


def test_jmas_hypocentre_records(tmp_path: Path) -> None:
    # The first from the end of pyCSEP's deck2csv.pl, and two of our own: a fixed depth, a magnitude below −1.
    text = """J2013010100033169 015 372521 029 1412406 076 279510616V   511   2 69E OFF FUKUSHIMA PREF     30K
J2013010100045169 015 372521 029 1412406 076 32     -3V   511   2 69E OFF FUKUSHIMA PREF     30K
J2013010100055169 015 372521 029 1412406 076 3210   A2V   511   2 69E OFF FUKUSHIMA PREF     30K
J2013010100065169 015 372521 029 1412406 076 3210   12V   513   2 69E OFF FUKUSHIMA PREF     30K
"""
    catalogue = read(tmp_path, text)
    assert catalogue.time_utc[0] == np.datetime64("2012-12-31T15:03:31.690")
    assert catalogue.latitude[0] == pytest.approx(37 + 25.21 / 60, abs=1e-6)
    assert catalogue.longitude[0] == pytest.approx(141 + 24.06 / 60, abs=1e-6)
    assert catalogue.depth_km.tolist() == pytest.approx([27.95, 32.0, 32.1])
    assert catalogue.magnitude.tolist() == [1.6, -0.3, -1.2]
    assert "1 events of type 'anthropogenic event' left out" in "\n".join(said(tmp_path))
    assert "line 2: no line of JMA's format" in refusal(
        tmp_path, text.replace("J2013010100045", "J20130101X0045")
    )


def hypoinverse(*parts: tuple[int, str]) -> str:
    line = [" "] * 164
    for start, text in parts:  # columns are counted from 1
        line[start - 1 : start - 1 + len(text)] = text
    return "".join(line)


def test_hypoinverses_summaries_and_archives(tmp_path: Path) -> None:
    rest = (32, "  800"), (137, "  38457511"), (147, "L600")
    east = hypoinverse((1, "2021031310160850"), (17, "39 4560"), (24, " 22E1056"), *rest)
    west = hypoinverse(
        (1, "202104 3 124 460"), (17, "39S4560"), (24, "122 1056"), (32, "  -50"), (147, "D-12")
    )
    phase = "PAGH BG DPZ IPU0202103131016  950  -4100"
    catalogue = read(tmp_path, "\n".join([east, phase, "$", "        38457511", west, ""]))
    assert is_the_first(catalogue)
    assert catalogue.time_utc[1] == np.datetime64("2021-04-03T01:24:04.600")
    values = (catalogue.longitude, catalogue.latitude, catalogue.depth_km, catalogue.magnitude)
    assert [each[1] for each in values] == pytest.approx([-122.176, -39.76, -0.5, -0.12])
    assert catalogue.event_id is not None
    assert catalogue.event_id[0] == b"38457511"
    assert "no magnitude" in refusal(tmp_path, east.replace("L600", "    "))


def test_the_iscs_event_catalogue_within_its_page(tmp_path: Path) -> None:
    text = """<html><body><pre>
DATA_TYPE EVENT_CATALOGUE
--EVENT--|--------------------ORIGIN (PRIME HYPOCENTRE)-----------------|------MAGNITUDES-----
  EVENTID,TYPE,AUTHOR   ,DATE      ,TIME       ,LAT     ,LON      ,DEPTH,DEPFIX,AUTHOR   ,TYPE  ,MAG
  9000001,ke  ,ISC      ,2021-03-13,10:16:08.50, 39.7600,   22.176,  8.0,TRUE  ,ATH      ,ML    , 5.5,ISC      ,mb    , 5.7,GCMT     ,MW    , 6.0
  9000002,km  ,ISC      ,2021-03-14,10:11:12.34, 38.1234,   20.123,  5.0,      ,ISC      ,mb    , 3.9

STOP
</pre></body></html>
"""  # noqa: E501
    catalogue = read(tmp_path, text)
    assert is_the_first(catalogue)
    assert len(catalogue) == 1
    assert catalogue.magnitude_types[catalogue.magnitude_type[0]] == "MW"
    lines = "\n".join(said(tmp_path))
    assert "1 events with several magnitudes" in lines
    assert "1 events of type 'km' left out" in lines
    bare = text.replace(",ISC      ,mb    , 3.9", "")
    assert len(read(tmp_path, bare)) == 1
    assert "line 5: 4 fields" in refusal(
        tmp_path, text.replace(text.split("\n")[4], "9000001,ke,ISC,2021-03-13")
    )


def test_a_refusal_names_the_command_that_takes_columns(tmp_path: Path) -> None:
    message = refusal(tmp_path, "time,lat,lon,ML,Mw\n2021-03-13,1,2,3,4\n")
    assert "--columns.magnitude=ML" in message
    assert message.endswith(f"--columns is for `terrella forecast data {tmp_path / 'c.txt'} -o OUT`")


def test_depths_in_metres_under_a_header_that_says_no_unit(tmp_path: Path) -> None:
    rows = "".join(f"2021-03-{day:02d},1,2,{300 * day},3\n" for day in range(1, 20))
    message = refusal(tmp_path, f"time,lat,lon,depth,mag\n{rows}")
    assert "if they are metres, let the header say so (depth_m)" in message
    assert read(tmp_path, f"time,lat,lon,depth_m,mag\n{rows}").depth_km[1] == pytest.approx(0.6)


def test_depths_that_count_upward_or_say_km_themselves(tmp_path: Path) -> None:
    text = "time,lat,lon,depth,mag\n2021-03-13,1,2,-24,3\n2021-03-14,1,2,-30,3\n"
    assert "if they are heights, turn their sign" in refusal(tmp_path, text)
    text = "time,lat,lon,depth,mag\n2021-03-13,1,2,125 Km,3\n2021-03-14,1,2,11.5 km.,3\n"
    assert read(tmp_path, text).depth_km.tolist() == [125.0, 11.5]
    assert "depth = '9 m'" in refusal(tmp_path, text.replace("125 Km", "9 m"))
    assert read(tmp_path, text.replace("125 Km", "menos de 1")).depth_km.tolist() == [1.0, 11.5]
    assert "1 depths of which only an upper bound is given, taken as that" in said(tmp_path)


def test_notes_below_a_table_are_no_rows(tmp_path: Path) -> None:
    text = "time,lat,lon,depth,mag\n2021-03-13T10:16:08.5Z,39.76,22.176,8,6\n\n"
    note = '"Fuente: Servicio Sismológico, UNAM"\n'
    assert is_the_first(read(tmp_path, text + note * 2))
    assert "2 lines of words below the table passed over: Fuente: Servicio Sismológico, UNAM, ..." in said(
        tmp_path
    )
    for cut in ("2021-03-14", "us7000", "Larisa"):
        assert "fields where the header has 5" in refusal(tmp_path, text + cut)


def test_hours_that_were_lost_are_told(tmp_path: Path) -> None:
    days = [np.datetime64("2021-01-01") + day for day in range(60)]
    rows = [f"{day} 00:{i % 60:02d}:07,1,2,3\n" for i, day in enumerate(days)]
    read(tmp_path, "time,lat,lon,mag\n" + "".join(rows))
    assert any("60 events within one and the same hour of the day" in line for line in said(tmp_path))
    rows = [f"{day} {i % 24:02d}:05:07,1,2,3\n" for i, day in enumerate(days)]
    read(tmp_path, "time,lat,lon,mag\n" + "".join(rows))
    assert not any("hour of the day" in line for line in said(tmp_path))


def test_days_since_some_day_are_no_seconds_since_1970(tmp_path: Path) -> None:
    message = refusal(tmp_path, "time,lat,lon,mag\n19350.8150,1,2,3\n19351.1,1,2,3\n")
    assert "not days since some day" in message
    assert "time_epoch_s" not in message
