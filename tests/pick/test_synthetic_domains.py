"""The synthetic data sets: their contract, their labels, and what tells them apart."""

import warnings

import numpy as np
import pytest

from terrella.errors import InputError
from terrella.formats.waveforms.phases import phase_kind
from terrella.pick.synthetic.domains import DOMAINS, make_domain

RATE = 100.0


@pytest.fixture(scope="module")
def stores():
    return {name: make_domain(name, 200, seed=3) for name in DOMAINS}


def first_pick(store, kind):
    columns = [k for k, name in enumerate(store.phases) if phase_kind(name) == kind]
    picks = np.where(store.picks[:, columns] < 0, 2**30, store.picks[:, columns]).min(1)
    return np.where(picks == 2**30, -1, picks)


def aic_onset(record):
    """Return where two stretches of different variance part (Maeda 1985)."""
    k = np.arange(20, len(record) - 20)
    total = np.cumsum(record**2)
    before, after = total[k - 1] / k, (total[-1] - total[k - 1]) / (len(record) - k)
    return int(k[(k * np.log(before) + (len(record) - k) * np.log(after)).argmin()])


@pytest.mark.parametrize("name", DOMAINS)
def test_a_store_keeps_its_contract(stores, name):
    store = stores[name]
    assert store.picks.dtype == np.int32
    assert store.samples.dtype == np.float32
    assert len(store.samples) == 3 * store.length.sum()
    assert np.isfinite(store.samples).all()
    assert ((store.picks >= -1) & (store.picks < store.length[:, None])).all()
    assert (store.picks[store.noise] == -1).all()
    assert (store.table["trace_true_P_sample"].to_numpy()[store.noise] == -1).all()
    assert 0.25 <= store.noise.mean() <= 0.3
    assert len(store.table) == len(store) == 200
    for trace in np.flatnonzero(~store.recorded.all(1)):
        assert not store.trace(trace)[~store.recorded[trace]].any()


def test_splits_keep_events_together_in_the_studys_shares(stores):
    for store in stores.values():
        events = store.table.assign(split=store.split)[~store.noise].groupby("source_id")["split"]
        assert (events.nunique() == 1).all()
        shares = events.first().value_counts(normalize=True)
        np.testing.assert_allclose(shares[["train", "dev", "test"]], (0.6, 0.1, 0.3), atol=0.12)


def test_a_seed_makes_the_same_data_set():
    one, two, other = (make_domain("regional", 40, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.samples, two.samples)
    np.testing.assert_array_equal(one.picks, two.picks)
    assert not np.array_equal(one.picks, other.picks)


def test_labels_are_where_records_of_good_quality_begin(stores):
    store = stores["local"]
    p = first_pick(store, "P")
    good = (store.table["trace_snr_db"].to_numpy(float) > 22) & (p > 400) & store.recorded.all(1)
    apart = []
    for trace in np.flatnonzero(good):
        record = np.diff(store.trace(trace)[0, p[trace] - 300 : p[trace] + 100].astype(float))
        apart.append((aic_onset(record + 1e-3) + 1 - 300) / RATE)
    assert len(apart) > 15
    assert abs(np.median(apart)) <= 0.03
    assert np.mean(np.abs(apart) <= 0.05) > 0.8


def test_energy_rises_at_p(stores):
    snr = stores["local"].table["trace_snr_db"].to_numpy(float)
    assert np.isnan(snr[stores["local"].noise]).all()
    assert np.nanmedian(snr) > 5


def test_late_labels_are_half_a_second_after_the_onset(stores):
    for name, late in (("late", 50), ("local", 0)):
        store = stores[name]
        for kind in "PS":
            pick, true = first_pick(store, kind), store.table[f"trace_true_{kind}_sample"].to_numpy()
            assert set((pick - true)[pick >= 0]) == {late}


def test_computed_labels_err_more_the_farther_the_source(stores):
    store = stores["computed"]
    residual = (first_pick(store, "P") - store.table["trace_true_P_sample"].to_numpy()) / RATE
    far = store.table["path_ep_distance_km"].to_numpy(float)
    labelled = first_pick(store, "P") >= 0
    assert residual[labelled & (far > 75)].std() > 1.3 * residual[labelled & (far < 50)].std() > 0.15
    assert abs(residual[labelled].mean()) < 0.3


def test_phases_are_named_only_where_bulletins_do(stores):
    has = {name: set(np.array(store.phases)[(store.picks >= 0).any(0)]) for name, store in stores.items()}
    assert has["local"] == has["teleseismic"] == {"P", "S"}
    assert has["regional"] == {"Pg", "Pn", "Sg", "Sn"}


def test_domains_differ_in_distance_and_frequency(stores):
    def centroid(store):
        found = []
        for trace in np.flatnonzero(store.table["trace_snr_db"].to_numpy(float) > 15):
            p = first_pick(store, "P")[trace]
            spectrum = np.abs(np.fft.rfft(np.diff(store.trace(trace)[0, p : p + 300].astype(float)))) ** 2
            found.append((spectrum * np.fft.rfftfreq(299, 1 / RATE)).sum() / spectrum.sum())
        return np.median(found)

    assert centroid(stores["local"]) > 2 * centroid(stores["teleseismic"])
    far = {name: np.nanmedian(store.table["path_ep_distance_km"]) for name, store in stores.items()}
    assert far["local"] < far["regional"] / 3 < far["teleseismic"] / 9


def test_rate_and_length_are_as_asked():
    store = make_domain("teleseismic", 20, seed=1, rate_hz=20.0, seconds=90.0)
    assert store.rate_hz == 20.0
    assert set(store.length) == {1800}


def test_what_cannot_be_made_is_refused():
    with pytest.raises(InputError, match="no synthetic domain 'lunar'; there are local, regional"):
        make_domain("lunar")
    with pytest.raises(InputError, match="0 traces"):
        make_domain("local", 0)


def test_the_original_phasenet_finds_local_onsets(shared_data):
    """Weights trained on California know these seismograms as seismograms."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from terrella.pick.bundle import load_picker_network
        from terrella.pick.judging.network_picker import network_picker
        from terrella.pick.judging.targets import make_targets

    weights = shared_data / "pick" / "phasenet_original.safetensors"
    if not weights.exists():
        pytest.skip(f"no weights in {weights}")
    store = make_domain("local", 100, seed=11)
    picker = network_picker(*load_picker_network(weights)[:2])
    targets = make_targets(store, "all")
    detection = picker.answer(store, targets.detection).detection
    event, noise = detection[targets.event], detection[~targets.event]
    assert (event[:, None] > noise[None]).mean() > 0.9
    onset = picker.answer(store, targets.phase).p_sample
    good = targets.is_p & (store.table["trace_snr_db"].to_numpy(float)[targets.phase.trace] > 10)
    assert np.mean(np.abs(onset - targets.onset)[good] < 50) > 0.9
