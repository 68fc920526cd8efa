"""Training of pickers: losses, early stopping on the dev split, resumption, bundles."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from feed_stores import make_events, make_small_store
from torch import nn

from terrella.cli.main import main
from terrella.engine.feed import Feed
from terrella.engine.fit import Stage, Training
from terrella.engine.fit import train as fit
from terrella.engine.run import Run
from terrella.engine.settings import load_settings, parse_settings
from terrella.engine.use.bundle import load_bundle
from terrella.errors import InputError, Interrupted
from terrella.pick.bundle import load_picker_network
from terrella.pick.data.store_files import load_store, save_store
from terrella.pick.feed.recipes import recipe
from terrella.pick.feed.streamed import StreamedWindows
from terrella.pick.networks import NAMES, architecture
from terrella.pick.settings import AugmentSettings, DataSettings, FitSettings, PickSettings
from terrella.pick.task import open_data, stages, train
from terrella.pick.training import even_batch, make_loss, shares_of, sources


def make_settings(folder, network="phasenet", **fit) -> PickSettings:
    chosen = {"epochs": 3, "batch": 8, "learning_rate": 0.005, **fit}
    return PickSettings(network=network, data=DataSettings(sets=(str(folder),)), fit=FitSettings(**chosen))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small store on disk."""
    folder = tmp_path_factory.mktemp("stores") / "events"
    save_store(make_events(20), folder)
    return folder


@cache
def first_weights(name: str) -> nn.Module:
    torch.manual_seed(0)
    return architecture(name).make()


class Fixed(nn.Module):
    """A network that always answers the same."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, x):
        return self.logits


def test_cross_entropy_is_that_of_frames():
    wanted = architecture("phasenet")
    logits, labels = torch.randn(2, 3, 5), torch.rand(2, 3, 5).softmax(1)
    found = make_loss(wanted, recipe("phasenet"))(Fixed(logits), {"x": logits, "y": labels})
    logs = logits.log_softmax(1)
    each = [sum(labels[w, k, t] * logs[w, k, t] for k in range(3)) for w in range(2) for t in range(5)]
    expected = -np.mean(each)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_outputs_of_eqtransformer_are_weighted_as_published():
    logits = torch.stack([torch.full((2, 6), value) for value in (0.0, 1.0, 2.0)], 1)
    loss = make_loss(architecture("eqtransformer"), recipe("eqtransformer"))
    found = loss(Fixed(logits), {"x": logits, "y": torch.zeros(2, 3, 6)})
    weights = dict(zip(architecture("eqtransformer").outputs, (0.0, 1.0, 2.0), strict=True))
    expected = sum(
        weight * math.log(1 + math.exp(weights[name]))
        for name, weight in (("detection", 0.05), ("P", 0.40), ("S", 0.55))
    )
    assert float(found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("windows", "batch"), [(2, 1), (3, 2), (7, 3), (7, 2), (1025, 1024), (100, 1024), (43, 7)]
)
def test_no_batch_is_a_single_window(windows, batch):
    found = even_batch(windows, batch)
    assert windows % found != 1
    assert min(batch, windows) <= found <= windows


def test_one_window_alone_is_refused():
    with pytest.raises(InputError, match="one window is too few"):
        even_batch(1, 8)


@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_lower_the_loss_of_every_network(name):
    """The same windows each time, so that only learning lowers it."""
    torch.manual_seed(0)
    short = make_settings("", name, windows_per_trace=2 if name == "gpd" else 1)
    source, _ = sources(architecture(name), [make_events(12, length=2500)], short)
    batch = source.read(torch.arange(4))
    network = architecture(name).make().train()
    loss = make_loss(architecture(name), recipe(name))
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(2 if name.startswith("dpp-") else 4):
        optimiser.zero_grad()
        torch.manual_seed(1)  # the same units dropped
        value = loss(network, batch)
        value.backward()
        optimiser.step()
        losses.append(float(value.detach()))
    assert losses[-1] < losses[0]


def test_a_handful_of_traces_is_learned_by_heart(tmp_path):
    """Trained and validated on the same traces."""
    store = make_events(8, length=1200, dev=0, amplitude=30.0)
    splits = np.repeat(["train", "dev"], 8)
    both = make_small_store([1200] * 16, np.concatenate([store.picks] * 2), split=splits)
    both.samples[:] = np.concatenate([store.samples] * 2)
    save_store(both, tmp_path / "store")
    settings = make_settings(
        tmp_path / "store",
        "basicphaseae",
        epochs=45,
        batch=16,
        learning_rate=0.005,
        windows_per_trace=4,
        patience=45,
    )
    train(tmp_path / "run", settings, lambda event: None)
    network, _, values = load_picker_network(tmp_path / "run")
    losses = [
        event["validation"] for event in Run(tmp_path / "run").read_events() if event["kind"] == "epoch"
    ]
    assert values["validation_loss"] == min(losses) < 0.6 * losses[0]
    source, _ = sources(architecture("basicphaseae"), [both], settings)
    batch = source.in_epoch(999).read(torch.arange(32))
    with torch.no_grad():
        found = network(batch["x"])[:, 0].argmax(1)
    rows = torch.nonzero((batch["y"][:, 0] == 1).any(1))[:, 0]
    assert len(rows) >= 8
    error = (found - batch["y"][:, 0].argmax(1))[rows].abs().float()
    assert error.median() < 50  # of 600 samples


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer"])
def test_a_stopped_training_ends_with_the_same_weights_also_with_streamed_traces(
    folder, tmp_path, name, monkeypatch
):
    epochs = {"phasenet": 3, "eqtransformer": 2}[name]
    settings = make_settings(folder, name, epochs=epochs)
    train(tmp_path / "whole", settings, lambda event: None)
    monkeypatch.setattr("terrella.pick.training.placement_of", lambda stores, device: "streamed")

    def stop(event):
        import os
        import signal

        if event["kind"] == "step" and event["step"] == epochs:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match=f"stopped at step {epochs + 1}"):
        train(tmp_path / "stopped", settings, stop)
    train(tmp_path / "stopped", settings, lambda event: None)
    whole, resumed = (load_picker_network(tmp_path / each)[0].state_dict() for each in ("whole", "stopped"))
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), key


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A run of one epoch."""
    run = tmp_path_factory.mktemp("runs") / "run"
    train(run, make_settings(folder, epochs=1), lambda event: None)
    return run


def test_a_finished_training_is_not_done_again(folder, trained):
    said = []
    train(trained, make_settings(folder, epochs=1), said.append)
    assert [event["message"] for event in said] == [f"this training is finished: {trained / 'model'}"]


def test_a_run_is_not_gone_on_with_under_other_settings(folder, trained):
    with pytest.raises(InputError, match=r"begun with other settings \(fit.epochs was 1, is 2\)"):
        train(trained, make_settings(folder, epochs=2), lambda event: None)


def test_a_bundle_holds_what_it_was_made_with(folder, trained):
    network, found, values = load_picker_network(trained / "model")
    assert found == architecture("phasenet")
    assert values["network"] == "phasenet"
    assert not network.training
    kept = parse_settings(PickSettings, load_bundle(trained, "pick").settings)
    assert kept == make_settings(folder, epochs=1)
    card = (trained / "model" / "card.md").read_text()
    assert "16 train, 4 dev, 0 test traces; picks: 20 P, 20 S" in card


def test_fine_tuning_goes_on_from_given_weights_and_keeps_what_they_need(
    folder, trained, shared_data, tmp_path
):
    weights = shared_data / "pick" / "phasenet_original.safetensors"
    published, as_published, _ = load_picker_network(weights)
    settings = make_settings(folder, epochs=1, learning_rate=1e-7).model_copy(
        update={"start_from": str(weights)}
    )
    train(tmp_path / "run", settings, lambda event: None)
    network, found, _ = load_picker_network(tmp_path / "run")
    assert found == as_published
    assert found.outputs != architecture("phasenet").outputs
    for (name, one), other in zip(published.named_parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3, msg=name)
    with pytest.raises(InputError, match="holds PhaseNet, but network is 'gpd'"):
        train(tmp_path / "other", settings.model_copy(update={"network": "gpd"}), lambda event: None)


def test_weights_of_no_network_are_refused(tmp_path):
    torch.save({"a": torch.zeros(2)}, tmp_path / "mine.pt")
    with pytest.raises(InputError, match="holds the weights of none of the networks"):
        load_picker_network(tmp_path / "mine.pt")


def test_published_shares_of_changes_hold_unless_others_are_given():
    eqt = (recipe("eqtransformer"), architecture("eqtransformer"))
    assert shares_of(AugmentSettings(), *eqt).drop == 0.3
    assert shares_of(AugmentSettings(drop=0.0), *eqt).drop == 0.0
    assert not shares_of(AugmentSettings(), recipe("phasenet"), architecture("phasenet")).any()
    with pytest.raises(InputError, match="labels of GPD cannot be"):
        shares_of(AugmentSettings(rotate=0.5), recipe("gpd"), architecture("gpd"))


def test_validation_windows_are_the_same_in_every_training():
    settings = make_settings("", seed=3)
    _, one = sources(architecture("phasenet"), [make_events(9)], settings)
    _, other = sources(architecture("phasenet"), [make_events(9)], settings)
    assert torch.equal(one.read(torch.arange(4))["x"], other.read(torch.arange(4))["x"])
    assert one.shares.any() is False


def test_a_store_of_another_rate_is_refused():
    with pytest.raises(InputError, match=r"small is sampled at 20 Hz; expected 100 Hz \(data\.rate_hz\)"):
        sources(architecture("phasenet"), [make_small_store([9], rate_hz=20.0)], make_settings(""))


def test_the_command_trains(folder, tmp_path, capsys):
    arguments = f"train --run {tmp_path}/run --network gpd --data.sets {folder} --fit.epochs 1 --fit.batch 8"
    with pytest.raises(SystemExit) as left:
        main(["pick", *arguments.split()])
    assert left.value.code == 0
    assert f"next: terrella pick judge --run {tmp_path}/run" in capsys.readouterr().out
    assert load_picker_network(tmp_path / "run")[1].name == "gpd"
    assert load_settings(PickSettings, tmp_path / "run" / "settings.toml").fit.epochs == 1


def test_missing_data_and_unknown_networks_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"no data: give --data\.sets"):
        train(tmp_path, PickSettings(), lambda event: None)
    with pytest.raises(InputError, match="no recipe to train 'alexnet'"):
        train(tmp_path, PickSettings(network="alexnet"), lambda event: None)


@pytest.mark.parametrize("name", ["basicphaseae", "cred", "gpd"])
def test_in_bfloat16_the_loss_falls_as_in_float32_and_weights_stay_float32(name, tmp_path):
    taken, chosen = architecture(name), make_settings("", name)
    source, _ = sources(taken, [make_events(16, length=taken.window + 1500)], chosen)

    def trained(precision):
        torch.manual_seed(0)
        feed, stages = Feed(source, 8), (Stage(name, 3, 0.003, 0),)
        loss = make_loss(taken, source.recipe)
        training = Training(taken.make(), loss, feed, stages, None, "mark", precision=precision)
        run = Run(tmp_path / precision)
        network = fit(training, run)
        return network, [event["loss"] for event in run.read_events() if event["kind"] == "step"]

    _, plain = trained("float32")
    network, losses = trained("bfloat16")
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    assert losses[0] == pytest.approx(plain[0], rel=0.01)
    assert losses[-1] < 0.9 * losses[0]
    # The loss itself is added up in float32.
    assert any(float(torch.tensor(each).bfloat16()) != pytest.approx(each, rel=1e-6) for each in losses)


@pytest.mark.parametrize("placement", ["preloaded", "streamed", "resident", None])
def test_samples_lie_where_they_were_planned_to_and_windows_are_the_same(folder, placement):
    settings, stores = make_settings(folder), [load_store(folder)]
    assert isinstance(stores[0].samples, np.memmap)
    learned, _ = sources(architecture("phasenet"), stores, settings, placement)
    assert isinstance(learned, StreamedWindows) == (placement == "streamed")
    source = learned.source if placement == "streamed" else learned
    assert isinstance(source.traces.stores[0].samples, np.memmap) == (placement in ("streamed", "resident"))
    assert len(source.held) == (placement == "resident")
    plain, _ = sources(architecture("phasenet"), [make_events(20)], settings)
    for name, values in learned.read(torch.arange(6)).items():
        torch.testing.assert_close(values, plain.read(torch.arange(6))[name], msg=name)


def test_a_plan_counts_the_bytes_of_the_stores_at_hand(folder):
    opened = open_data(make_settings(folder), lambda event: None).data
    (spec,) = stages(make_settings(folder), opened, None)
    need, stores = spec.need, opened.stores
    assert need.stored_bytes == need.data_bytes == stores[0].samples.nbytes
    assert need.samples == 20
    assert need.place == folder / "samples.npy"
    assert not need.assumed
    (spec,) = stages(make_settings("synthetic:local"), None, None)
    assumed = spec.need
    assert "50,000 traces" in assumed.assumed
    assert assumed.place is None
