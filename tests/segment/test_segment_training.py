"""Training: better than chance, resumed alike, never twice; the bundle."""

import csv
import math

import numpy as np
import pytest
import torch
from fake_sections import make_section

from terrella.engine.run import Run
from terrella.engine.settings import load_settings
from terrella.errors import InputError, Interrupted
from terrella.segment.bundle import load_segmenter, network_logits
from terrella.segment.data.labelled import LABELLED
from terrella.segment.data.normalise import normalised, trace_scales
from terrella.segment.data.sections import of_split, open_sections
from terrella.segment.judging.scorers import segmenter_scorer
from terrella.segment.judging.scores import average_precision, count_levels
from terrella.segment.learning.training import placed, sources, stages
from terrella.segment.settings import SegmentSettings
from terrella.segment.task import train


def settings_for(table, **fit) -> SegmentSettings:
    return SegmentSettings.model_validate(
        {
            "data": {"sections": str(table), "interval_s": 0.002},
            "network": {"widths": (8, 16)},
            "patch": {"per_section": 4},
            "fit": {"epochs": 8, "batch": 4, "learning_rate": 0.005, **fit},
        }
    )


def silent(event):
    pass


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of 24 small sections of eight events."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = [("section", "labels", "group")]
    for k in range(24):
        section = make_section([5, k], amplitude=4.0)
        np.save(folder / f"s{k}.npy", section.samples)
        np.save(folder / f"l{k}.npy", section.mask)
        rows.append((f"s{k}.npy", f"l{k}.npy", f"event {k // 3}"))
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "table.csv"


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    train(folder, settings_for(table), silent)
    return folder


def test_a_trained_network_is_far_better_than_chance_on_groups_it_never_saw(trained):
    segmenter = load_segmenter(trained)
    scorer = segmenter_scorer(segmenter)
    test = [entry.load() for entry in of_split(open_sections(segmenter.settings.data), "test")]
    counts = count_levels((each.group, scorer.score(each), each.mask) for each in test)
    chance = counts.labelled.sum() / (counts.labelled + counts.other).sum()
    assert float(average_precision(*counts.at_or_above())[0]) > 0.6 > 3 * chance


def test_the_bundle_says_what_it_is(trained):
    segmenter = load_segmenter(trained / "model")
    assert segmenter.dims == 2
    assert segmenter.multiple == 2
    assert segmenter.normalise == "trace"
    assert 0 < segmenter.threshold < 1
    assert segmenter.settings == load_settings(SegmentSettings, trained / "settings.toml")
    card = (trained / "model" / "card.md").read_text()
    assert "2 levels, widths 8, 16" in card
    assert "- train: 15 sections of 5 groups" in card
    assert "## Limits" in card


def test_a_piece_with_its_surroundings_has_the_logits_of_the_whole(trained):
    segmenter = load_segmenter(trained)
    samples = make_section([6, 0], shape=(64, 256)).samples
    scales = trace_scales(samples)
    whole = segmenter.logits(samples, scales)
    r = segmenter.radius + segmenter.radius % segmenter.multiple
    piece = segmenter.logits(samples[16 - r : 40 + r, 64 - r : 100 + r], scales[16 - r : 40 + r])
    np.testing.assert_allclose(piece[r:-r, r:-r], whole[16:40, 64:100], atol=1e-4)


def test_patches_and_prediction_normalise_alike(table, trained):
    segmenter = load_segmenter(trained)
    entries = open_sections(segmenter.settings.data)
    patch = segmenter.settings.patch.model_copy(update={"labelled": 0.0})
    chosen = segmenter.settings.model_copy(update={"patch": patch})
    _, checked = sources(entries, chosen, torch.device("cpu"))
    batch = checked.read(torch.arange(len(checked)))
    section = of_split(entries, "dev")[1].load()
    scales = trace_scales(section.samples)
    np.testing.assert_array_equal(batch["x"][4, 0], normalised(section.samples, scales))
    with torch.no_grad():
        expected = segmenter.network(batch["x"])[4, 0].numpy()
    np.testing.assert_allclose(
        network_logits(segmenter.network, section.samples, scales), expected, atol=1e-5
    )


@pytest.mark.parametrize(("placement", "held"), [("preloaded", True), ("streamed", False), (None, True)])
def test_sections_lie_where_they_were_planned_to(table, placement, held):
    data = settings_for(table).data
    entries = placed(open_sections(data), data, placement)
    # What is held is cut from the whole section, which is read once; else each slice is read from its file.
    first = entries[0]
    assert (first.load() is first.load()) == held
    np.testing.assert_array_equal(first.samples(slice(2, 5), slice(9)), first.load().samples[2:5, :9])


def test_sections_beyond_the_settings_limit_are_planned_as_a_stream(table):
    def placements(hold_mb: float) -> tuple[str, ...]:
        settings = settings_for(table)
        data = settings.data.model_copy(update={"hold_mb": hold_mb})
        (spec,) = stages(settings.model_copy(update={"data": data}), None, None)
        need = spec.need
        assert need.place == table.parent
        assert need.stored_bytes == need.data_bytes
        return need.placements

    assert placements(2048.0) == ("preloaded", "streamed")
    assert placements(0.001) == ("streamed",)


def test_a_finished_training_is_not_done_again(table, trained):
    said = []
    train(trained, settings_for(table), lambda event: said.append(event["message"]))
    assert [line.split(":")[0] for line in said] == ["this training is finished"]


def test_other_settings_are_refused_in_the_same_run(table, trained):
    with pytest.raises(InputError, match=r"begun with other settings \(fit.epochs was 8, is 9\)"):
        train(trained, settings_for(table, epochs=9), silent)


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(table, trained, tmp_path):
    import os
    import signal

    def interrupt(event):
        if event.get("kind") == "step" and event["step"] == 11:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(tmp_path / "run", settings_for(table), interrupt)
    said = []
    train(tmp_path / "run", settings_for(table), said.append)
    assert any(event["kind"] == "resumed" for event in said)
    expected, found = (load_segmenter(run).network.state_dict() for run in (trained, tmp_path / "run"))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)


@pytest.mark.parametrize("changed", [{"accumulation": 2}, {"strips": 4}])
def test_splitting_batches_or_patches_gives_the_same_training(table, tmp_path, changed):
    losses = []
    for name, fit in (("whole", {}), ("split", changed)):
        train(tmp_path / name, settings_for(table, epochs=2, **fit), silent)
        epochs = [e for e in Run(tmp_path / name).read_events() if e["kind"] == "epoch"]
        losses.append([e["loss"] for e in epochs] + [e["validation"] for e in epochs])
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-3)


def test_volumes_are_learned_too(tmp_path):
    draw = np.random.default_rng(0)
    rows = ["section,labels,group"]
    for k in range(6):
        volume = draw.standard_normal((12, 12, 16)).astype(np.float32)
        mask = np.zeros(volume.shape, np.uint8)
        mask[:, draw.integers(2, 9) :, :] = 1
        np.save(tmp_path / f"s{k}.npy", volume + 2 * mask)
        np.save(tmp_path / f"l{k}.npy", mask)
        rows.append(f"s{k}.npy,l{k}.npy,{k}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    wanted = settings_for(tmp_path / "table.csv", epochs=6, batch=2)
    patch = wanted.patch.model_copy(update={"shape": (8, 8, 8), "per_section": 8, "polarity": 0.0})
    scale = wanted.network.model_copy(update={"scale": "none"})
    train(tmp_path / "run", wanted.model_copy(update={"patch": patch, "network": scale}), silent)
    segmenter = load_segmenter(tmp_path / "run")
    assert segmenter.dims == 3
    section = of_split(open_sections(wanted.data), "test")[0].load()
    logits = segmenter_scorer(segmenter).score(section)
    assert logits.shape == section.samples.shape
    assert ((logits > 0) == (section.mask == LABELLED)).mean() > 0.8


def test_the_threshold_is_that_of_the_best_dice_on_dev(trained):
    from terrella.engine.use.bundle import load_bundle
    from terrella.segment.judging.scores import dice, overlap_counts

    segmenter, values = load_segmenter(trained), load_bundle(trained, "segment").values
    logit = math.log(segmenter.threshold / (1 - segmenter.threshold))
    scorer = segmenter_scorer(segmenter)
    dev = [entry.load() for entry in of_split(open_sections(segmenter.settings.data), "dev")]
    counts = sum(overlap_counts(scorer.score(each), each.mask, logit - 1e-9) for each in dev)
    assert float(dice(*counts)) == pytest.approx(values["dev_dice"], abs=1e-3)
