"""The networks are those that were published: parameter counts, and SeisBench's answers for equal weights."""

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from filled_weights import filled, filled_windows
from safetensors.torch import save_file
from torch import Tensor, nn

from terrella.errors import InputError
from terrella.pick.networks import NAMES, Architecture, architecture
from terrella.pick.networks.weights import load_weights, seisbench_name, with_weights

# Münchmeyer et al. (2022), table 2.
PUBLISHED = {
    "basicphaseae": 33_687,
    "cred": 293_569,
    "dpp-detector": 199_731,
    "dpp-p": 546_081,
    "dpp-s": 21_181,
    "eqtransformer": 376_935,
    "gpd": 1_741_003,
    "phasenet": 268_443,
}
ARGUMENTS = {"basicphaseae": {"phases": "PSN"}, "gpd": {"phases": "PSN"}, "phasenet": {"phases": "PSN"}}
STORED = np.load(Path(__file__).with_name("picker_references.npz"))


def theirs_of(network: Architecture) -> dict[str, Tensor]:
    """Return the network's own tensors under SeisBench's names."""
    return {seisbench_name(network.name, name): value for name, value in network.make().state_dict().items()}


def answered(network: Architecture, module: nn.Module, windows: Tensor) -> Tensor:
    with torch.no_grad():
        return network.probabilities(module(windows))


@pytest.mark.parametrize("name", NAMES)
def test_counts_of_parameters(name: str) -> None:
    module = architecture(name).make()
    assert sum(each.numel() for each in module.parameters()) == PUBLISHED[name]


@pytest.mark.parametrize("name", [*NAMES, "cred-original", "gpd-original"])
def test_stored_answers_for_equal_weights(name: str) -> None:
    network = architecture(name.removesuffix("-original"))
    arguments = ARGUMENTS.get(network.name, {}) | {"original_compatible": name.endswith("-original")}
    tensors = filled(theirs_of(network))
    module, network = with_weights(tensors, arguments, {}, network, "formula")
    found = answered(network, module, filled_windows(len(network.components), network.window))
    expected = torch.from_numpy(STORED[name])
    found = found[..., :: int(STORED["every"])] if found.shape[-1] > 100 else found
    assert expected.std() > 0.005
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    before = os.environ.get("SEISBENCH_CACHE_ROOT")
    os.environ["SEISBENCH_CACHE_ROOT"] = str(tmp_path_factory.mktemp("seisbench"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("seisbench.models")
    os.environ.pop("SEISBENCH_CACHE_ROOT")
    if before is not None:
        os.environ["SEISBENCH_CACHE_ROOT"] = before


def peer(models, name: str) -> nn.Module:
    """Return SeisBench's model with random weights and random statistics of its batch norms."""
    makers = {
        "basicphaseae": models.BasicPhaseAE,
        "cred": models.CRED,
        "dpp-detector": models.DPPDetector,
        "dpp-p": lambda: models.DPPPicker(mode="P"),
        "dpp-s": lambda: models.DPPPicker(mode="S"),
        "eqtransformer": models.EQTransformer,
        "gpd": lambda: models.GPD(phases="PSN"),
        "phasenet": models.PhaseNet,
    }
    torch.manual_seed(3)
    model = makers[name]()
    for key, value in model.state_dict().items():
        if key.endswith(("running_mean", "running_var")):
            value.copy_(torch.rand_like(value) + (0.2 if key.endswith("var") else -0.5))
        elif value.is_floating_point():
            value.add_(0.1 * value.std(correction=0) * torch.randn_like(value))
    return model.eval()


@pytest.mark.parametrize("name", NAMES)
def test_files_of_seisbench(name: str, models, tmp_path: Path) -> None:
    model, network = peer(models, name), architecture(name)
    path = tmp_path / "weights.pt.v2"
    torch.save(model.state_dict(), path)
    if not name.startswith("dpp"):
        model.save(tmp_path / "weights", version_str="2")
    module, network = load_weights(path, network)
    windows = filled_windows(len(network.components), network.window)
    with torch.no_grad():
        theirs = model(model.waveforms_to_spectrogram(windows) if name == "cred" else windows)
    if isinstance(theirs, tuple):
        theirs = torch.stack(theirs, 1)
    theirs = theirs.transpose(1, 2) if name == "cred" else theirs
    ours = answered(network, module, windows)
    assert not name.endswith(("ae", "net")) or network.outputs == ("N", "P", "S")
    torch.testing.assert_close(ours, theirs.reshape(ours.shape), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["basicphaseae", "eqtransformer", "phasenet", "gpd"])
@pytest.mark.parametrize("norm", ["std", "peak"])
def test_windows_prepared_as_seisbench_does(name: str, norm: str, models, tmp_path: Path) -> None:
    raw = 50 + 1000 * filled_windows(3, architecture(name).window) * torch.tensor([1.0, 0.3, 2.0]).reshape(
        3, 1
    )
    kind = {"basicphaseae": models.BasicPhaseAE, "gpd": models.GPD, "phasenet": models.PhaseNet}
    kind = kind.get(name, models.EQTransformer)
    model = kind(norm=norm) if name in ("phasenet", "eqtransformer") else kind()
    model.save(tmp_path / "weights")
    _, network = load_weights(tmp_path / "weights.pt", architecture(name))
    theirs = model.annotate_batch_pre(raw.clone(), {})
    if name == "gpd":  # it divides inside the network
        theirs = theirs / theirs.abs().amax((1, 2), keepdim=True)
    torch.testing.assert_close(network.prepared(raw), theirs, rtol=1e-4, atol=1e-5)


def test_original_phasenet(shared_data: Path) -> None:
    path = shared_data / "pick" / "phasenet_original.safetensors"
    if not path.is_file():
        pytest.skip(f"{path} not found")
    module, network = load_weights(path, architecture("phasenet"))
    assert (network.outputs, network.components, network.normalise) == (
        ("N", "P", "S"),
        ("E", "N", "Z"),
        "std",
    )
    noise = torch.randn(2, 3, 3001, generator=torch.Generator().manual_seed(0))
    assert answered(network, module, network.prepared(noise))[:, 0].mean() > 0.95


def test_text_of_safetensors_and_json_beside(tmp_path: Path) -> None:
    network = architecture("phasenet")
    path = tmp_path / "mine.safetensors"
    save_file(theirs_of(network), path, {"phases": "PSN", "norm": "peak", "component_order": "ENZ"})
    _, loaded = load_weights(path, network)
    assert (loaded.outputs, loaded.components, loaded.normalise) == (("P", "S", "N"), ("E", "N", "Z"), "peak")
    said = {"model_args": {"phases": "SNP", "sampling_rate": 50}, "default_args": {"blinding": [250, 200]}}
    path.with_suffix(".json").write_text(json.dumps(said))
    _, loaded = load_weights(path, network)
    assert (loaded.outputs, loaded.rate_hz, loaded.blind) == (("S", "N", "P"), 50.0, 250)


@pytest.mark.parametrize(
    ("arguments", "change", "line"),
    [
        ({"phases": "PSX"}, {}, "its outputs are P, S, X"),
        ({"component_order": "Z12"}, {}, "its components are Z12"),
        ({"norm": "loud"}, {}, "its normalisation is 'loud'"),
        ({"in_samples": 600}, {}, "takes windows of 600 samples"),
        ({"norm_detrend": True}, {}, "linear trend"),
        (
            {},
            {"inc.weight": torch.zeros(8, 4, 7)},
            r"inc.weight has the shape \(8, 4, 7\), expected \(8, 3, 7\)",
        ),
        ({}, {"inc.weight": None}, "it lacks inc.weight"),
        ({}, {"conv9.weight": torch.zeros(1)}, "it has conv9.weight"),
        ({}, {"inc.weight": torch.full((8, 3, 7), float("nan"))}, "holds numbers that are not finite"),
        ({}, {"inc.weight": torch.zeros((8, 3, 7), dtype=torch.int32)}, "holds int32, expected float32"),
    ],
)
def test_other_weights_are_refused(arguments: dict, change: dict, line: str) -> None:
    network = architecture("phasenet")
    tensors = {name: value for name, value in (theirs_of(network) | change).items() if value is not None}
    with pytest.raises(InputError, match=line):
        with_weights(tensors, arguments, {}, network, "file")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"model_args": [1]}, "makes no sense"),
        ({"model_args": {"sampling_rate": "fast"}}, "makes no sense"),
        ({"model_args": {"sampling_rate": -1}}, "rate_hz is -1.0"),
        ({"default_args": {"P_threshold": float("nan")}}, "threshold is nan"),
        ({"default_args": {"overlap": 3001}}, "overlap is 3001; 0 to 3000 was expected"),
        ({"default_args": {"blinding": []}}, "makes no sense"),
    ],
)
def test_what_is_said_beside_weights_must_make_sense(tmp_path: Path, said: dict, line: str) -> None:
    network = architecture("phasenet")
    save_file(theirs_of(network), tmp_path / "mine.safetensors", {})
    (tmp_path / "mine.json").write_text(json.dumps(said))
    with pytest.raises(InputError, match=line):
        load_weights(tmp_path / "mine.safetensors", network)


def test_no_pickle_is_run(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"inc.weight": Path("x")}, path)  # a class of Python's own library
    with pytest.raises(InputError, match="cannot be read as weights"):
        load_weights(path, architecture("phasenet"))
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read as weights"):
        load_weights(path, architecture("phasenet"))
