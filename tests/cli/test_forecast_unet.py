"""The U-Net under the same commands as the perceptron: planned, trained, used."""

from typed_commands import SMALL, run

from terrella.engine.use.bundle import load_bundle
from terrella.forecast.storage import from_bundle

_AT = SMALL.index("--fit.samples")
UNET = [*SMALL[:_AT], "--fit.samples", "5000", *SMALL[_AT + 2 :]]
UNET += ["--network.kind", "unet", "--network.widths", "4", "6"]


def test_a_unet_is_planned_trained_and_predicts(catalogue_file, tmp_path, capsys):
    chosen = ["--catalogue", catalogue_file, *UNET]
    assert run("forecast", "plan", *chosen) == 0
    assert "memory" in capsys.readouterr().out
    assert run("forecast", "train", "--run", tmp_path, *chosen) == 0
    models = from_bundle(load_bundle(tmp_path, "forecast"))
    assert models.network is not None
    assert models.network.context is not None
    assert (models.network.head.weight != 0).any()
    said = capsys.readouterr()
    assert "gain over ETAS" in said.out + said.err
    output = tmp_path / "forecast.csv"
    assert run("forecast", "predict", catalogue_file, "--bundle", tmp_path, "-o", output) == 0
    assert "events of M" in capsys.readouterr().out
