"""The API of a record: right answers, one line for a wrong question, and nothing that gets past its guards."""

import json
import re

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from terrella.earth.sphere import distance_km
from terrella.errors import InputError
from terrella.live.issuing import FORECAST
from terrella.live.web import limits
from terrella.live.web.address import Address, checked_address
from terrella.live.web.app import make_app
from terrella.live.web.describing import openapi
from terrella.live.web.limits import MOST_BODY

LOCAL = Address("127.0.0.1", 8765, None)
STREAM = "text/event-stream"  # which does not end
PATHS = {
    path: about
    for path, about in openapi()["paths"].items()
    if STREAM not in about["get"]["responses"]["200"]["content"]
}


@pytest.fixture(scope="module")
def client(record):
    """A client of the record's application, which raises what the application does."""
    return TestClient(make_app(record, LOCAL), base_url="http://127.0.0.1:8765")


@pytest.fixture(scope="module")
def latest(record):
    """The file of the last forecast, by another reader."""
    path = record.store.forecasts / record.store.records(FORECAST)[-1].values["file"]
    with xarray.open_dataset(path, decode_timedelta=False) as data:
        return data.load()


def test_values_of_a_forecast_are_those_of_its_file(client, latest):
    asked = "/api/forecasts/latest/values?model=climatology&horizon=1&layer=expected"
    values = np.frombuffer(client.get(asked).content, "<f4")
    expected = latest.expected.sel(model="climatology").isel(horizon=1, depth=0).values.ravel()
    np.testing.assert_array_equal(values, expected)


def test_probability_near_a_point_is_one_minus_the_product_of_none(client, latest):
    found = client.get("/api/probability?longitude=1.6&latitude=2.4&radius_km=120&days=7").json()
    one = latest.sel(model="issued", horizon=7.0).isel(depth=0)
    lon, lat = np.meshgrid(one.longitude, one.latitude)
    inside = distance_km(1.6, 2.4, lon, lat) <= 120
    assert 1 < inside.sum() == found["cells"] < 16
    none = np.prod(1 - one.probability.values[inside].astype(float))
    assert found["probability"] == pytest.approx(1 - none, rel=1e-5)
    assert found["expected"] == pytest.approx(float(one.expected.values[inside].sum()), rel=1e-5)
    assert "within 120 km of 2.4° N, 1.6° E" in found["words"]
    assert "M ≥ 3.5" in found["words"]


def test_larger_magnitudes_and_shorter_times_are_less_probable(client):
    ask = "/api/probability?longitude=1.6&latitude=2.4&radius_km=200"
    by_magnitude = [client.get(f"{ask}&magnitude={m}").json()["probability"] for m in (3.5, 4, 5, 6)]
    by_days = [client.get(f"{ask}&days={d}").json()["expected"] for d in (0.1, 1, 3, 7)]
    assert by_magnitude == sorted(by_magnitude, reverse=True)
    assert by_days == sorted(by_days)
    assert by_days[0] == pytest.approx(by_days[1] / 10)


def test_a_polygon_gives_what_its_cells_give(client, latest):
    ring = [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]
    asked = {"polygon": {"type": "Polygon", "coordinates": [ring]}, "days": 1}
    found = client.post("/api/probability", json=asked).json()
    one = latest.sel(model="issued", horizon=1.0).isel(depth=0).probability.values[1:3, 1:3]
    assert found["cells"] == 4
    assert found["probability"] == pytest.approx(1 - np.prod(1 - one.astype(float)), rel=1e-5)


def test_forecasts_in_other_formats_hold_the_same_numbers(client, latest):
    one = latest.sel(model="ETAS", horizon=1.0).isel(depth=0)
    shapes = client.get("/api/forecasts/latest?format=geojson&model=ETAS").json()
    assert len(shapes["features"]) == 16
    first = shapes["features"][0]
    assert first["geometry"]["coordinates"][0][0] == [0.0, 0.0]
    assert first["properties"]["expected"] == pytest.approx(float(one.expected.values[0, 0]), rel=1e-5)
    rows = client.get("/api/forecasts/latest?format=csep&model=ETAS").text.splitlines()
    rates = sum(float(row.split("\t")[8]) for row in rows)
    assert rates == pytest.approx(float(one.expected.sum()), rel=1e-5)
    assert client.get("/api/forecasts/latest?format=netcdf").content[:4] == b"\x89HDF"


def test_events_are_the_latest_and_scores_are_the_table(client, record):
    events = client.get("/api/events?min_magnitude=4&limit=5").json()["events"]
    assert len(events) == 5
    assert all(each["magnitude"] >= 4 for each in events)
    assert [each["time"] for each in events] == sorted((each["time"] for each in events), reverse=True)
    points = np.frombuffer(client.get("/api/events/points?min_magnitude=4&limit=5").content, "<f4")
    told = [[each[name] for name in ("longitude", "latitude", "magnitude")] for each in events]
    np.testing.assert_array_equal(points.reshape(5, 3), np.float32(told))
    scores = client.get("/api/scores").json()
    assert {row["model"] for row in scores["rows"]} == {"issued", "ETAS", "climatology"}
    course = scores["course"]["1"]
    assert course["observed"][-1] == next(r["observed"] for r in scores["rows"] if r["horizon_days"] == 1)
    history = client.get("/api/history?cell=3&horizon=1").json()["history"]
    assert len(history) == len(record.store.records(FORECAST))


def test_lists_go_back_in_time(client):
    first = client.get("/api/forecasts?limit=3").json()["forecasts"]
    second = client.get(f"/api/forecasts?limit=3&before={first[-1]['issue_time']}").json()["forecasts"]
    names = [each["name"] for each in [*first, *second]]
    assert names == sorted(names, reverse=True)
    assert len(set(names)) == 6


def test_health_and_metrics_tell_of_the_record(client, record):
    assert client.get("/api/health").json()["entries"] == record.store.last_number()
    text = client.get("/metrics").text
    assert f"terrella_forecasts_total {record.store.count(FORECAST)}" in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/probability?latitude=1", "longitude is missing"),
        ("/api/probability?longitude=nan&latitude=1", "longitude must be a number"),
        ("/api/probability?longitude=100&latitude=1", "outside the region"),
        ("/api/probability?longitude=1&latitude=1&days=400", "days must be a number from 0.0416667 to 7"),
        ("/api/probability?longitude=1&latitude=1&magnitude=2", "magnitude must be a number from 3.5"),
        ("/api/forecasts?before=yesterday", "is not a time"),
        ("/api/forecasts/latest?format=exe", "format must be one of"),
        ("/api/forecasts/latest/values?model=oracle", "model must be one of issued, ETAS, climatology"),
        ("/api/history?cell=16", "outside the grid"),
        ("/api/events?limit=1e9", "limit must be a number"),
        ("/api/history?cell=0.5", "cell must be a whole number"),
    ],
)
def test_a_wrong_question_is_answered_with_a_line(client, path, words):
    answer = client.get(path)
    assert answer.status_code == 422
    assert words in answer.json()["error"]


def test_a_forecast_that_is_not_there_and_paths_that_lead_elsewhere_are_not_found(client):
    for path in ("/api/forecasts/20990101T000000Z", "/api/forecasts/..%2f..%2fetc%2fpasswd", "/..%2fsettings.toml",
                 "/record.sqlite", "/page.py"):  # fmt: skip
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"polygon": 1}', b'{"polygon": {"coordinates": [[[0, 0], [1, 1]]]}}', b"[" * 5000,
     json.dumps({"polygon": {"coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}}).encode(),
     json.dumps({"polygon": {"coordinates": [[["a", 0], [2, 2], [2, 0], [0, 0]]]}}).encode(),
     json.dumps({"polygon": {"coordinates": [[[0, 0], [3, 0], [3, 3], [0, 0]]]}, "forecast": 3}).encode()],
)  # fmt: skip
def test_a_polygon_that_is_none_is_answered_with_a_line(client, body):
    answer = client.post("/api/probability", content=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]


def test_too_much_is_refused(client):
    assert client.post("/api/probability", content=b" " * (MOST_BODY + 1)).status_code == 413

    def pieces():
        for _ in range(20):
            yield b" " * 8000

    assert client.post("/api/probability", content=pieces()).status_code == 413
    assert client.get("/api/health?a=" + "b" * 3000).status_code == 414


def test_too_many_requests_of_one_address_are_refused(record, monkeypatch):
    time = [0.0]
    monkeypatch.setattr(limits, "monotonic", lambda: time[0])
    client = TestClient(make_app(record, LOCAL), base_url="http://127.0.0.1:8765")
    codes = [client.get("/style.css").status_code for _ in range(810)]
    assert codes == [200] * 800 + [429] * 10
    time[0] = 1.0
    assert client.get("/style.css").status_code == 200


def test_any_other_address_needs_a_token(record, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("correct-horse-battery\n")
    with pytest.raises(InputError, match="give --token-file"):
        checked_address("0.0.0.0", 8765, None)
    address = checked_address("0.0.0.0", 8765, secret)
    client = TestClient(make_app(record, address))
    assert client.get("/api/grid").status_code == 401
    for wrong in ("Bearer correct-horse-batterx", "Bearer", "correct-horse-battery", "Bearer é"):
        assert client.get("/api/grid", headers={"authorization": wrong.encode()}).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert client.get("/api/stream").status_code == 401
    assert client.get("/").status_code == 200  # the page itself holds nothing
    right = {"authorization": "Bearer correct-horse-battery"}
    assert client.get("/api/grid", headers=right).status_code == 200
    secret.write_text("short\n")
    with pytest.raises(InputError, match="16 or more"):
        checked_address("0.0.0.0", 8765, secret)


def test_a_page_of_another_name_cannot_ask_this_machine(record):
    client = TestClient(make_app(record, LOCAL), base_url="http://www.w3.org")
    assert client.get("/api/grid").status_code == 400


def test_answers_forbid_scripts_from_elsewhere(client):
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    text = client.get("/").text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


_TEXT = st.one_of(
    st.text(max_size=12), st.integers().map(str), st.floats().map(str),
    st.sampled_from(["latest", "../x", "1e400", "-0", "9999-12-31", "0001-01-01", "issued", "geojson"]),
)  # fmt: skip


@settings(max_examples=60)
@given(st.sampled_from(sorted(PATHS)), st.data())
def test_no_question_of_the_description_is_answered_with_an_error_of_ours(client, path, data):
    about = PATHS[path]["get"]
    names = [each["name"] for each in about["parameters"] if each["in"] == "query"]
    name = data.draw(st.sampled_from(["latest", "x", "20080602T000000Z"]))
    asked = {key: data.draw(_TEXT) for key in names if data.draw(st.booleans())}
    answer = client.get(path.replace("{name}", name), params=asked)
    assert str(answer.status_code) in about["responses"], (path, asked, answer.text)
    if answer.status_code != 200:
        assert answer.json()["error"]
