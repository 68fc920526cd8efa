"""What a record keeps: versions of events, forecasts, scores; and that any change to it is found."""

import itertools
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import sqlalchemy as sql
import torch
import xarray
from live_cases import BUNDLE, CATALOGUE, RULES, quiet, replayed, us

from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError
from terrella.forecast.counts import negative_log_likelihood
from terrella.forecast.issuing import issue_all
from terrella.forecast.models import CLIMATOLOGY, ETAS_
from terrella.forecast.prediction import forecaster_at
from terrella.forecast.storage import from_bundle
from terrella.formats.catalogues.read import read_catalogue
from terrella.live.issuing import FORECAST, MODELS
from terrella.live.keeping import verify
from terrella.live.kept import read_kept, read_part
from terrella.live.opening import begin, reopen
from terrella.live.replaying import replay
from terrella.live.scoring import SCORE
from terrella.live.store import RECORDS, VERSIONS, only_writer, open_store
from terrella.live.summary import summarise
from terrella.live.versions import from_catalogue


def test_forecasts_are_those_of_predict_from_the_events_before(record):
    catalogue = read_catalogue(CATALOGUE)[0]
    models = from_bundle(load_bundle(Path(BUNDLE), "forecast"))
    for entry in record.store.records(FORECAST)[::11]:
        time = np.datetime64(entry.time_us, "us")
        forecaster = forecaster_at(models, catalogue, time)
        expected = issue_all(forecaster, time, (None, ETAS_, CLIMATOLOGY))
        kept = read_kept(record.store.forecasts / entry.values["file"])
        for model, issued in enumerate(expected):
            np.testing.assert_allclose(kept.expected[model], issued.mean.numpy(), rtol=1e-4)
            np.testing.assert_allclose(kept.probability[model], issued.probability.numpy(), rtol=1e-4)
        np.testing.assert_array_equal(
            read_part(record.store.forecasts / entry.values["file"], "probability", 1), kept.probability[1]
        )
        assert entry.values["catalogue"]["events"] == (catalogue.time_utc < time).sum()


def test_scores_are_those_of_the_counts_in_the_windows(record):
    catalogue = read_catalogue(CATALOGUE)[0].above(3.5)
    checked = 0
    for entry in record.store.records(SCORE):
        values = entry.values
        start = np.datetime64(values["issue_time"].rstrip("Z"), "us")
        chosen = catalogue.between(start, start + np.timedelta64(round(values["horizon_days"] * 24), "h"))
        assert values["observed"] == len(chosen)
        if len(chosen) == 0 or checked > 5:
            continue
        checked += 1
        source = record.store.records(keys=[values["forecast"]])[0]
        with xarray.open_dataset(
            record.store.forecasts / source.values["file"], decode_timedelta=False
        ) as data:
            one = data.sel(model="ETAS", horizon=values["horizon_days"]).isel(depth=0).load()
        counts = np.zeros(one.expected.shape)
        for lon, lat in zip(chosen.longitude, chosen.latitude, strict=True):
            counts[int(lat), int(lon)] += 1  # the cells are one degree wide, from 0° N 0° E on
        loss = negative_log_likelihood(
            torch.tensor(counts), torch.tensor(np.log(one.expected.values.astype(float))),
            torch.tensor(one.dispersion.values.astype(float)),
        )  # fmt: skip
        found = values["models"]["ETAS"]
        assert found["log_likelihood"] == pytest.approx(-float(loss.sum()), rel=1e-6)
        assert found["brier"] == pytest.approx(
            float(((one.probability.values - (counts > 0)) ** 2).mean()), rel=1e-6
        )
        assert found["expected"] == pytest.approx(float(one.expected.sum()), rel=1e-6)
    assert checked > 3


def test_windows_of_the_table_do_not_overlap_and_climatology_gains_nothing_over_itself(record):
    rows = {(row.model, row.horizon_days): row for row in summarise(record.store.records(SCORE))}
    days = [row.windows for (_, horizon), row in rows.items() if horizon == 1.0]
    assert set(days) == {37}  # of 2 June to 8 July: the last is scored on 10 July, a day after its end
    assert rows[CLIMATOLOGY, 1.0].gain.value == 0
    assert list(dict.fromkeys(model for model, _ in rows)) == list(MODELS)


def test_a_whole_record_verifies_and_every_change_is_found(record, tmp_path):
    assert verify(record.store, record.store.versions()) == []

    def changed(name, change):
        folder = tmp_path / name
        shutil.copytree(record.store.folder, folder)
        store = open_store(folder)
        change(store)
        return verify(store, store.versions())

    def execute(*statements):
        def change(store):
            with store.engine.begin() as connection:
                for statement in statements:
                    connection.execute(statement)

        return change

    text = sql.func.replace(RECORDS.c.document, "every", "evry")
    reworded = sql.update(RECORDS).where(RECORDS.c.number == 9).values(document=text)
    assert "was changed" in changed("text", execute(reworded))[0]
    assert "does not follow" in changed("gone", execute(sql.delete(RECORDS).where(RECORDS.c.number == 9)))[0]
    moved = sql.update(VERSIONS).where(VERSIONS.c.number == 3).values(magnitude=VERSIONS.c.magnitude + 0.1)
    assert "events known" in changed("event", execute(moved))[0]

    def number(store):
        path = store.forecasts / store.records(FORECAST)[3].values["file"]
        with h5py.File(path, "r+") as file:
            file["probability"][0, 0, 0, 0, 0] += 1e-6

    assert "other numbers" in changed("number", number)[0]

    def file(store):
        (store.forecasts / store.records(FORECAST)[3].values["file"]).unlink()

    assert "no forecast of a live record" in changed("file", file)[0]


def test_a_record_that_was_killed_at_any_moment_goes_on_to_the_same_hash(record, tmp_path):
    whole = record.store.records(latest=1)[0]
    program = (
        "import sys; sys.path.insert(0, sys.argv[2])\nfrom live_cases import replayed\nfrom pathlib import Path\n"
        "print('begun', flush=True); replayed(Path(sys.argv[1]))"
    )
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", program, str(folder), str(CATALOGUE.parents[3] / "live")]
    for wait in (0.4, 1.1):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
    found = replayed(folder).store.records(latest=1)[0]
    assert (found.number, found.hash) == (whole.number, whole.hash)


def test_what_is_done_is_not_done_again_and_later_months_are_added(tmp_path):
    first = replayed(tmp_path / "a", end="2008-06-04")
    before = first.store.records()
    replay(first, read_catalogue(CATALOGUE)[0], us("2008-06-04"), quiet)
    assert first.store.records() == before
    replayed(tmp_path / "a", end="2008-06-06")
    assert first.store.records()[: len(before)] == before
    assert len(first.store.records(FORECAST)) > sum(each.kind == FORECAST for each in before)


def test_a_catalogue_of_any_past_time_is_what_was_known_then(tmp_path):
    store = open_store(tmp_path)
    catalogue = read_catalogue(CATALOGUE)[0][:4]
    first = from_catalogue(catalogue, 10**15 * 2)
    store.learn(first)
    revised = from_catalogue(catalogue, 10**15 * 3)[np.array([1, 2])]
    revised.magnitude[0] += 0.5
    revised.deleted[1] = True
    store.learn(revised)
    versions = store.versions()
    assert len(versions.known_at(10**15)) == 0
    np.testing.assert_array_equal(versions.known_at(10**15 * 2).magnitude, first.magnitude)
    later = versions.known_at(10**15 * 3)
    np.testing.assert_array_equal(
        later.magnitude, [first.magnitude[0], first.magnitude[1] + 0.5, first.magnitude[3]]
    )
    latest = store.latest_events(-(10**18), 10**18, -9, 10, ("magnitude",))
    assert [row[0] for row in latest] == later.magnitude[::-1].tolist()
    assert versions.known_at(10**15 * 2).hash() == first.hash() != later.hash()


def test_an_event_without_depth_keeps_its_hash_through_the_database(tmp_path):
    store = open_store(tmp_path)
    versions = from_catalogue(read_catalogue(CATALOGUE)[0][:3])
    versions.depth_km[:] = np.nan
    store.learn(versions)
    assert store.versions().hash() == versions.hash()


def test_a_record_keeps_its_rules_its_bundle_and_its_purpose(record, tmp_path):
    folder = record.store.folder
    start = record.began_us
    with pytest.raises(InputError, match="other settings"):
        begin(folder, RULES.model_copy(update={"every_hours": 12}), BUNDLE, start, True)
    with pytest.raises(InputError, match="keeps its bundle"):
        begin(folder, RULES, "italy", start, True)
    with pytest.raises(InputError, match="replays the past"):
        begin(folder, RULES, BUNDLE, start, False)
    with pytest.raises(InputError, match="another catalogue"):
        replay(record, read_catalogue(CATALOGUE)[0][5:], us("2008-07-10"), quiet)
    with pytest.raises(InputError, match="no live record"):
        reopen(tmp_path)
    assert reopen(folder).served.hash == record.served.hash


def test_a_second_writer_is_refused(record):
    with (
        only_writer(record.store),
        pytest.raises(InputError, match="another process writes"),
        only_writer(record.store),
    ):
        pass


def test_entries_follow_each_other(record):
    entries = record.store.records()
    assert [each.number for each in entries] == list(range(1, len(entries) + 1))
    for before, after in itertools.pairwise(entries):
        assert after.previous == before.hash
    assert record.store.last_number() == len(entries)
    assert record.store.count(FORECAST) == len(record.store.records(FORECAST))
