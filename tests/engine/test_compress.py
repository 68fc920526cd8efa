"""Smaller forms of a network: what is kept, what is refused, and bundles whose ONNX model is another's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from example_task import SineSettings, make_network
from example_task import task as sine
from torch import nn

import terrella.engine.compress.command as command
from terrella.engine.compress.command import compress
from terrella.engine.compress.export import exported, quantised
from terrella.engine.compress.forms import as_onnx
from terrella.engine.compress.judged import Judged, choose, named
from terrella.engine.compress.measure import Cost, cost
from terrella.engine.judge.bootstrap import Interval
from terrella.engine.judge.document import scores_document
from terrella.engine.task import Compression, Judging
from terrella.engine.use.bundle import Bundle, load_bundle, save_bundle
from terrella.engine.use.forms import bundle_network
from terrella.engine.use.header import refuse_compressed
from terrella.engine.workflow import train
from terrella.errors import InputError

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def network_of(bundle):
    return bundle_network(bundle, make_network)


def judge_bits(asked, report):
    """Judge a network by its error on the line y = x, so that forms which answer alike score alike."""
    x = torch.linspace(-2, 2, 50)[:, None]
    with torch.no_grad():
        error = float((network_of(asked.bundle)(x) - torch.sin(x)).square().mean())
    scores = {"network": {"mse": Interval(error, error, error)}, "line": {"mse": Interval(1.0, 1.0, 1.0)}}
    return Judging(scores_document("a sine", asked.split, scores, {"mse": ""}), "", "", [])


TASK = replace(sine, judge=judge_bits, compression=Compression(network_of, {"mse": False}))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sine")
    train(TASK, folder, SineSettings(), lambda event: None)
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Cost without a process for each form: the first, the network itself, is the slowest."""
    times = iter(np.geomspace(100, 1, 20))
    monkeypatch.setattr(command, "cost", lambda *_: Cost(float(next(times)), 1.0, 100))


def silent(event):
    pass


def test_the_network_that_is_kept_answers_as_the_full_one_and_says_on_which_processor(run, tmp_path, quick):
    said = compress(TASK, run, silent, 0.02, None, tmp_path, ("onnx",))
    assert said[0].startswith("onnx is kept")
    full, small = load_bundle(run, "sine"), load_bundle(tmp_path, "sine")
    x = torch.linspace(-3, 3, 40)[:, None]
    torch.testing.assert_close(network_of(small)(x), network_of(full)(x).detach(), atol=1e-6, rtol=0)
    assert not small.tensors
    assert "on this processor: " in small.card
    assert {"report.html", "compress.json", "model"} <= {each.name for each in tmp_path.iterdir()}
    with pytest.raises(InputError, match="compressed already"):
        compress(TASK, _run_of(small, run, tmp_path / "again"), silent)


def test_bfloat16_is_stored_in_half_the_bytes_and_answers_in_single_precision(run, tmp_path, quick):
    compress(TASK, run, silent, 1.0, None, tmp_path, ("bf16",))
    small = load_bundle(tmp_path, "sine")
    assert {each.dtype for each in small.tensors.values()} == {torch.bfloat16}
    answer = network_of(small)(torch.ones(1, 1))
    assert answer.dtype == torch.float32
    full = network_of(load_bundle(run, "sine"))(torch.ones(1, 1))
    assert 0 < (answer - full).abs().max().item() < 0.02


def test_a_form_that_is_not_faster_leaves_the_earlier_bundle_as_it_was(run, tmp_path, quick, monkeypatch):
    compress(TASK, run, silent, 1.0, None, tmp_path, ("bf16",))
    before = (tmp_path / "model" / "model.safetensors").read_bytes()
    monkeypatch.setattr(command, "cost", lambda *_: Cost(1.0, None, 100))
    with pytest.raises(InputError, match="no form is faster than the network itself"):
        compress(TASK, run, silent, 1.0, None, tmp_path, ("bf16",))
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == before


def test_what_cannot_be_compressed_is_said(run, tmp_path):
    with pytest.raises(InputError, match="sine has no smaller forms of its network: it is a line"):
        compress(replace(TASK, compression="it is a line"), run, silent)
    elsewhere = replace(TASK.compression, predicts=lambda bundle: ("straight line",))
    with pytest.raises(InputError, match="predicts with straight line, since its network was no better"):
        compress(replace(TASK, compression=elsewhere), run, silent)
    with pytest.raises(InputError, match="--forms int4: there are onnx, int8"):
        compress(TASK, run, silent, forms=("int4",))

    def without_dev(settings, data, samples):
        (spec, *_) = sine.stages(settings, data, samples)
        return [replace(spec, fed=lambda placement: replace(spec.fed(placement), checked=None))]

    with pytest.raises(InputError, match="no dev split"):
        compress(replace(TASK, stages=without_dev), run, silent, output=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tolerance", "kept"), [(0.0, "same"), (0.02, "same"), (0.1, "close"), (3.0, "poor")]
)
def test_the_fastest_form_within_the_tolerance_is_kept(tolerance, kept):
    forms = [
        _judged("float32", 4, 2.0),
        _judged("same", 3, 2.0),
        _judged("close", 2, 2.1),
        _judged("poor", 1, 5.0),
    ]
    assert choose(forms, {"mse": False}, tolerance).name == kept


def test_a_tolerance_that_nothing_meets_names_the_form_that_loses_least():
    forms = [_judged("float32", 4, 2.0), _judged("close", 2, 2.1), _judged("poor", 1, 5.0)]
    with pytest.raises(InputError, match=r"tolerance of 0\.01: close loses least, 0\.05 of mse"):
        choose(forms, {"mse": False}, 0.01)
    lost = [forms[0], _judged("silent", 1, float("nan"))]
    with pytest.raises(InputError, match="silent loses least, inf of mse"):
        choose(lost, {"mse": False}, 10.0)


@pytest.fixture(scope="module")
def convolutions():
    """A network along samples, inputs of it, and its ONNX model."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv1d(2, 16, 5, padding=2), nn.ReLU(), nn.Conv1d(16, 1, 5, padding=2)).eval()
    x = torch.randn(8, 2, 64)
    return network, x, exported(network, [x])


def test_eight_bits_hold_the_weights_and_the_answer_to_a_percent_of_its_range(convolutions):
    import onnx

    network, x, whole_model = convolutions
    model = quantised(whole_model, [[x.numpy()]])
    kinds = [each.data_type for each in onnx.load_from_string(model).graph.initializer if len(each.dims) > 1]
    assert kinds
    assert set(kinds) == {onnx.TensorProto.INT8}
    small = bundle_network(Bundle("sine", {}, {}, "", "", form="int8", onnx=model), make_network)
    with torch.no_grad():
        whole = network(x)
    away = float((small(x) - whole).abs().max() / (whole.max() - whole.min()))
    assert 0 < away < 0.03


class Two(nn.Module):
    """Two networks side by side."""

    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Linear(2, 3), nn.Linear(1, 3)

    def forward(self, first, second):
        return self.one(first), self.other(second)


def test_several_inputs_and_answers_pass_every_form_and_other_tensors_stay():
    network, given = Two().eval(), (torch.randn(7, 2), torch.randn(7, 1))
    bundle = Bundle("sine", {**network.state_dict(), "table": torch.ones(4)}, {}, "", "")
    ways = Compression(lambda _: network, {}, weights=lambda name: name != "table")
    small = as_onnx(ways, network, bundle, "onnx", lambda: [each.numpy() for each in given])
    assert [*small.tensors] == ["table"]
    made = bundle_network(small, Two)
    with torch.no_grad():
        for number, (one, other) in enumerate(zip(network(*given), made(*given), strict=True)):
            torch.testing.assert_close(one, other)
            torch.testing.assert_close(made.only(number, 1, given[number]), one)
    assert quantised(small.onnx, [[each.numpy() for each in given]]) != small.onnx
    halves = {name: each.bfloat16() for name, each in network.state_dict().items()}
    for mixed in (False, True):
        made = bundle_network(replace(bundle, form="bf16"), Two, halves, mixed)
        one, other = made(*given)
        torch.testing.assert_close(one.float(), network(*given)[0], atol=0.05, rtol=0.05)
        assert not mixed or made.one is made.network.one


def test_a_score_stands_for_all_of_its_kinds():
    scores = {"network": {name: Interval(1.0, 1.0, 1.0) for name in ("rmse@fill", "rmse@refine", "auc")}}
    units = dict.fromkeys(scores["network"], "") | {"rmse": ""}
    found = Judging(scores_document("a sine", "dev", scores, units), "", "", [])
    full = Judged("float32", Bundle("sine", {}, {}, "", ""), Cost(1.0, None, 1), found)
    assert named({"rmse": False, "auc": True}, full) == {
        "rmse@fill": False,
        "rmse@refine": False,
        "auc": True,
    }


def test_a_compressed_bundle_is_not_explained(tmp_path):
    save_bundle(tmp_path, Bundle("sine", {}, {}, "", "", form="onnx", onnx=b"a model"))
    with pytest.raises(InputError, match=r"is compressed \(onnx\) and cannot be explained"):
        refuse_compressed(tmp_path)


def test_bfloat16_by_openvino_answers_batches_of_any_size_to_its_digits(convolutions):
    pytest.importorskip("openvino")
    network, x, model = convolutions
    form = Bundle("sine", {}, {}, "", "", form="onnx-bf16", onnx=model)
    fast = bundle_network(form, make_network)
    for number in (4, 1, 8, 4):
        with torch.no_grad():
            torch.testing.assert_close(fast(x[:number]), network(x[:number]), atol=0.02, rtol=0.02)
    with pytest.raises(InputError, match="OpenVINO cannot read the model"):
        bundle_network(replace(form, onnx=b"no model"), make_network)


def test_the_cost_is_that_of_a_process_of_its_own(run):
    found = cost(network_of, run / "model", "sine", [np.zeros((4, 1), np.float32)])
    assert 0 < found.cpu_ms < 1000
    assert found.memory_mib is None or 20 < found.memory_mib < 4000
    assert found.size == sum(each.stat().st_size for each in (run / "model").iterdir())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda path: path.write_bytes(b"another"), "is not the model that this bundle was made with"),
        (lambda path: path.unlink(), "lacks its model.onnx"),
    ],
)
def test_an_onnx_model_from_elsewhere_is_refused(tmp_path, change, line):
    save_bundle(tmp_path / "small", Bundle("sine", {}, {}, "", "", form="onnx", onnx=b"a model"))
    assert load_bundle(tmp_path / "small", "sine").onnx == b"a model"
    change(tmp_path / "small" / "model.onnx")
    with pytest.raises(InputError, match=line):
        load_bundle(tmp_path / "small", "sine")


def test_an_onnx_model_beside_weights_that_name_none_is_refused(run):
    (run / "model" / "model.onnx").write_bytes(b"a model")
    with pytest.raises(InputError, match="does not belong to this bundle"):
        load_bundle(run, "sine")
    (run / "model" / "model.onnx").unlink()


def test_bytes_that_are_no_model_are_refused_in_a_line():
    with pytest.raises(InputError, match="ONNX Runtime cannot read the model"):
        network_of(Bundle("sine", {}, {}, "", "", form="onnx", onnx=b"no model"))


def _judged(name, cpu_ms, mse):
    scores = {"network": {"mse": Interval(mse, mse, mse)}}
    found = Judging(scores_document("a sine", "dev", scores, {"mse": ""}), "", "", [])
    return Judged(name, Bundle("sine", {}, {}, "", ""), Cost(cpu_ms, None, 1), found)


def _run_of(bundle, run, folder):
    """Return a run that holds a bundle."""
    save_bundle(folder / "model", bundle)
    (folder / "settings.toml").write_bytes((run / "settings.toml").read_bytes())
    return folder


def test_what_openvino_computes_wrongly_is_evaluated_by_onnx_runtime():
    """A convolution of 8 channels with 8 weights: where a processor has bfloat16, OpenVINO's answer is noise."""
    pytest.importorskip("openvino")
    from onnx import TensorProto, helper, numpy_helper

    from terrella.engine.use.onnx_session import onnx_evaluation

    draw = np.random.default_rng(0)
    kernel = numpy_helper.from_array(draw.normal(size=(16, 8, 1, 8)).astype(np.float32), "kernel")
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, number, 1, None])
        for name, number in (("x", 8), ("y", 16))
    ]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel"], ["y"])], "one", *([each] for each in ends), [kernel]
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
    x = draw.normal(size=(1, 8, 1, 200)).astype(np.float32)
    exact, fast = (onnx_evaluation(model, form)(x) for form in ("onnx", "onnx-bf16"))
    assert np.abs(fast - exact).max() < 0.03 * np.abs(exact).max()
