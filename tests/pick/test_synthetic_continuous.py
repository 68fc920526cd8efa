"""Continuous synthetic records: what is recorded is what happened."""

import warnings

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.formats.catalogues.catalogue import make_catalogue
from terrella.pick.synthetic.continuous import RATE_HZ, hourly_records, make_shaking, true_picks, write_sds

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing ObsPy warns of its own dependencies
    import obspy


@pytest.fixture(scope="module")
def shaking():
    return make_shaking(hours=1, events=6, stations=4, seed=2)


def test_strong_events_stand_out_at_their_true_times(shaking):
    (stream,) = hourly_records(shaking)
    assert len(stream) == 12
    picks = true_picks(shaking)
    strongest = int(shaking.events.magnitude.argmax())
    assert len(picks) == 6 * 4 * 2
    for row in picks[picks["event"] == strongest].itertuples():
        component = {"P": "HHZ", "S": "HHE"}[row.phase]
        record = stream.select(station=row.trace_id.split(".")[1], channel=component)[0].data.astype(float)
        at = round((row.time - shaking.start_utc) / np.timedelta64(1, "s") * RATE_HZ)
        fast = np.diff(record, 2)
        # S comes in the coda of P.
        rise = 5.0 if row.phase == "P" else 1.5
        assert np.abs(fast[at - 1 : at + 50]).max() > rise * np.abs(fast[at - 60 : at - 4]).max()


def test_hours_join_and_the_archive_holds_them(tmp_path):
    middle = make_catalogue(["2024-03-01T23:59:50"], [13.2], [42.8], [3.0], depth_km=[9.0])
    shaking = make_shaking(hours=2, events=middle, stations=1, seed=4, start_utc="2024-03-01T23:00:00")
    files = write_sds(shaking, tmp_path)
    assert [path.name for path in files] == sorted(
        f"SY.S00..HH{c}.D.2024.{day:03d}" for c in "ENZ" for day in (61, 62)
    )
    days = [obspy.read(str(tmp_path / f"2024/SY/S00/HHZ.D/SY.S00..HHZ.D.2024.{day:03d}")) for day in (61, 62)]
    assert [sum(len(trace) for trace in day) for day in days] == [360_000, 360_000]
    whole = (days[0] + days[1]).merge()
    assert len(whole) == 1
    record = whole[0].data.astype(float)
    joint = np.abs(np.diff(record[359_995:360_005])).max()
    assert joint < 2 * np.abs(np.diff(record[359_800:360_200])).max()
    # The event's coda goes on into the next day.
    fast = np.diff(record, 2)
    assert fast[360_000:360_500].std() > 2 * fast[300_000:350_000].std()


def test_a_seed_makes_the_same_records():
    one, two = (next(hourly_records(make_shaking(1, 3, 2, seed=7))) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_the_largest_event_comes_before_most_others():
    events = make_shaking(hours=10, events=100, stations=3, seed=1).events
    after = (events.time_utc > events.time_utc[events.magnitude.argmax()]).mean()
    assert 0.6 < after < 0.95
    assert (np.diff(events.time_utc) >= np.timedelta64(60, "s")).all()


def test_what_cannot_be_made_is_refused():
    with pytest.raises(InputError, match="100 events do not fit into 1 h"):
        make_shaking(hours=1, events=100)
    with pytest.raises(InputError, match="expected a full hour"):
        make_shaking(start_utc="2024-03-01T00:30:00")
