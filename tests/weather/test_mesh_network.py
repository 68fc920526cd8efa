"""The mesh network: a plain one of the same weights agrees; published weights load; symmetry, roll-out, memory."""

import weakref

import numpy as np
import plain_graphcast
import pytest
import torch

from terrella.errors import InputError
from terrella.weather.learning.loss import WeatherLoss, weighted_squares
from terrella.weather.learning.settings import NetworkSettings
from terrella.weather.learning.weights import area_weights, channel_weights
from terrella.weather.mesh.graph import graph_of
from terrella.weather.model.network import MeshNetwork, weather_network
from terrella.weather.model.published import Channels, load_published, published_parameters, read_checkpoint

LAT, LON = np.linspace(-75, 74, 6), np.arange(4, 360, 30.0)  # no point on a side of a triangle
POINTS = len(LAT) * len(LON)
SETTINGS = NetworkSettings(mesh=1, latent=16, steps=4)
CHANNELS = Channels(
    states=[
        ("temperature", 850.0),
        ("temperature", 500.0),
        ("2m_temperature", None),
        ("geopotential", 500.0),
    ],
    forcings=["year_progress_sin", "toa_incident_solar_radiation"],
    static=["land_sea_mask", "geopotential_at_surface"],
    diagnosed=[("total_precipitation_6hr", None)],
)
INPUTS = 2 * 4 + 3 * 2 + 2


def network(settings: NetworkSettings = SETTINGS, diagnosed: int = 0, **sizes) -> MeshNetwork:
    """Return a network of random weights."""
    torch.manual_seed(1)
    static = np.random.default_rng(0).normal(size=(POINTS, 2))
    made = weather_network(LAT, LON, 4, 2, static, settings, np.array([0.1, 0.2, 0.3, 0.4]), diagnosed)
    with torch.no_grad():
        for each in made.parameters():
            each.add_(0.1 * torch.randn_like(each))
    return made


def after(rolled: MeshNetwork, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the states of a roll-out, (batch, step, point, channel)."""
    return torch.stack(rolled(given["past"], given["forcings"]), 1)


def batch(samples: int = 2, steps: int = 1) -> dict[str, torch.Tensor]:
    """Return made-up states and forcings."""
    torch.manual_seed(2)
    shapes = {"past": (2, POINTS, 4), "forcings": (2 + steps, POINTS, 2), "future": (steps, POINTS, 4)}
    return {name: torch.randn(samples, *shape) for name, shape in shapes.items()}


def loss(**kinds) -> WeatherLoss:
    """Return the loss of the channels above."""
    area, channel = area_weights(LAT, len(LON)), channel_weights(CHANNELS.states)
    tensors = (torch.tensor(each, dtype=torch.float32) for each in (area, channel, [0.1, 0.2, 0.3, 0.4]))
    return WeatherLoss(*tensors, **kinds)


def checkpoint() -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint as it is published, of random weights."""
    made = np.random.default_rng(0)
    names = plain_graphcast.weights(INPUTS + 3, 5, SETTINGS.latent, SETTINGS.steps)
    return {name: made.normal(0, 0.3, shape).astype(np.float32) for name, shape in names}


def test_published_weights_give_what_the_plain_network_gives_with_them_and_so_do_gradients():
    arrays = checkpoint()
    ours = network(diagnosed=1)
    load_published(ours, arrays, CHANNELS)
    given = batch(samples=1)
    static = ours.static.T
    past, forcings = given["past"][0], given["forcings"][0]
    # By hand: names in their order, times within, then levels; the forcings of the forecast's time at the end.
    theirs = [
        *past[:, :, 2], *past[:, :, 3], static[1], static[0], past[0, :, 1], past[0, :, 0], past[1, :, 1],
        past[1, :, 0], *forcings[:2, :, 1], *forcings[:2, :, 0], forcings[2, :, 1], forcings[2, :, 0],
    ]  # fmt: skip
    tensors = {name: torch.from_numpy(each).requires_grad_() for name, each in arrays.items()}
    found = after(ours, given)[0, 0]
    plain = plain_graphcast.outputs(tensors, ours.graph.graph, torch.stack(theirs, 1), SETTINGS.steps)
    # 2m_temperature, geopotential, temperature at 500 and 850 hPa, precipitation.
    expected = torch.cat([past[1] + ours.difference_scale * plain[:, [3, 2, 0, 1]], plain[:, [4]]], 1)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    weights = torch.randn_like(expected)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    name = plain_graphcast.MESH + "processor_edges_1_mesh_mlp/~/linear_0:w"
    edge = ours.rounds[1].edge
    gradient = torch.cat([each.grad.T for each in edge.first])
    scale = tensors[name].grad.abs().max()
    torch.testing.assert_close(gradient / scale, tensors[name].grad / scale, rtol=1e-5, atol=1e-5)
    name = plain_graphcast.BACK + "encoder_edges_mesh2grid_mlp/~/linear_0:b"
    scale = tensors[name].grad.abs().max()
    gradient = ours.embed_mesh_to_grid.bias.grad
    torch.testing.assert_close(gradient / scale, tensors[name].grad / scale, rtol=1e-5, atol=1e-5)


def test_a_checkpoint_is_read_without_unpickling_and_refused_where_something_is_missing(tmp_path):
    arrays = checkpoint()
    np.savez(tmp_path / "whole.npz", **arrays)
    assert read_checkpoint(tmp_path / "whole.npz").keys() == arrays.keys()
    np.savez(tmp_path / "pickled.npz", **{next(iter(arrays)): np.array([{}], dtype=object)})
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("no archive")
    refused = {"pickled": "no checkpoint", "other": "no weights of GraphCast", "text": "no checkpoint"}
    for name, said in refused.items():
        with pytest.raises(InputError, match=said):
            read_checkpoint(tmp_path / f"{name}.npz")
    ours = network(diagnosed=1)
    gone = plain_graphcast.MESH + "processor_nodes_3_mesh_nodes_layer_norm:scale"
    with pytest.raises(InputError, match=r"processor_nodes_3_mesh_nodes_layer_norm:scale"):
        load_published(ours, {name: each for name, each in arrays.items() if name != gone}, CHANNELS)
    other = plain_graphcast.BACK + "processor_edges_0_mesh2grid_mlp/~/linear_1:w"
    with pytest.raises(
        InputError, match=r"processor_edges_0_mesh2grid.* is \(5, 3\), the network's \(16, 16\)"
    ):
        load_published(ours, arrays | {other: np.zeros((3, 5))}, CHANNELS)


def test_one_degree_has_as_many_parameters_as_were_published():
    names = plain_graphcast.weights(183 + 3, 83, 512, 16)
    assert sum(int(np.prod(shape)) for _, shape in names) == 35_979_347
    settings = NetworkSettings(latent=512, steps=16)
    graph = network().graph.graph
    with torch.device("meta"):
        ours = MeshNetwork(graph, 83, 5, torch.zeros(POINTS, 2), settings, torch.ones(83))
    assert published_parameters(ours) == 35_979_347


def test_a_roll_out_is_one_step_after_the_other_and_keeps_its_gradient():
    ours, given = network(), batch(steps=3)
    found = after(ours, given)
    before, now = given["past"].unbind(1)
    steps = []
    for step in range(3):
        (state,) = ours(torch.stack([before, now], 1), given["forcings"][:, step : step + 3])
        before, now = now, state
        steps.append(state)
    expected = torch.stack(steps, 1)
    torch.testing.assert_close(found, expected)
    gradients = (
        torch.autograd.grad(each.square().mean(), list(ours.parameters())) for each in (found, expected)
    )
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_what_is_computed_again_gives_the_same_loss_and_gradients():
    given, found = batch(), []
    for again in (False, True):
        ours = network().train()
        ours.checkpointed = again
        value = loss()(ours, given)
        value.backward()
        found.append((value.detach(), *(each.grad for each in ours.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("again", [False, True])
def test_a_further_step_keeps_its_state_alone_and_edges_are_let_go_where_they_are_made_again(again):
    kept, edges = [], []
    for steps in (2, 3):
        ours, given = network().train(), batch(steps=steps)
        ours.checkpointed = again
        edges.clear()
        for embed in (ours.embed_grid_to_mesh, ours.embed_multi_mesh, ours.embed_mesh_to_grid):
            embed.register_forward_hook(lambda _, given, made: edges.append(weakref.ref(made)))
        storages = {}

        def note(tensor, storages=storages):
            storages[tensor.untyped_storage().data_ptr()] = tensor  # held, so that no address serves twice
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            value = loss()(ours, given)
        assert len(edges) == (3 * steps if again else 3)
        assert [each() is None for each in edges] == [again] * len(edges)
        value.backward()
        fixed = {each.untyped_storage().data_ptr() for each in (*given.values(), *ours.parameters())}
        kept.append(sum(each.nbytes for at, each in storages.items() if at not in fixed))
    state = given["past"][:, 0].nbytes
    assert state <= kept[1] - kept[0] < 1.1 * state


def test_samples_do_not_see_each_other():
    ours, given = network(), batch(samples=3)
    found = after(ours, given)
    for sample in range(3):
        alone = after(ours, {name: each[[sample]] for name, each in given.items()})
        torch.testing.assert_close(found[[sample]], alone, rtol=1e-5, atol=1e-5)


def test_before_it_learns_the_network_forecasts_persistence():
    fresh = weather_network(LAT, LON, 4, 2, np.zeros((POINTS, 2)), SETTINGS)
    given = batch(steps=2)
    found = after(fresh, given)
    torch.testing.assert_close(found, given["past"][:, [1, 1]])


def test_points_in_another_order_of_longitudes_get_the_same_values():
    ours, given = network(), batch()
    turned = MeshNetwork(
        graph_of(LAT, np.roll(LON, 5), 1), 4, 2, _rolled(ours.static, 5, 0), SETTINGS, ours.difference_scale
    )
    turned.load_state_dict(ours.state_dict())
    found = after(turned, {name: _rolled(each, 5, 2) for name, each in given.items()})
    expected = _rolled(after(ours, given), 5, 2)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_a_third_of_a_turn_maps_the_mesh_onto_itself_and_turns_the_output():
    ours, given = network(), batch()
    with torch.no_grad():
        ours.static.zero_()
        ours.embed_grid.first[0][:, -2:] = 0  # where the longitude itself is read
        ours.embed_mesh.first[0][:, -2:] = 0
        here = after(ours, given)
        for columns, same in ((4, True), (3, False)):  # 120 degrees, and 90, which the mesh does not know
            turned = after(ours, {name: _rolled(each, columns, 2) for name, each in given.items()})
            assert torch.allclose(turned, _rolled(here, columns, 2), rtol=1e-4, atol=1e-4) is same


def _rolled(values: torch.Tensor, by: int, axis: int) -> torch.Tensor:
    """Return values of points with their longitudes rolled."""
    shape = values.shape
    rows = values.reshape(*shape[:axis], len(LAT), len(LON), *shape[axis + 1 :])
    return torch.roll(rows, by, axis + 1).reshape(shape)


def test_the_loss_is_the_weighted_mean_of_squares_and_its_derivative_is_exact():
    made = loss()
    given = batch(samples=2, steps=3)
    found = given["future"] + torch.randn(given["future"].shape)
    error = ((found - given["future"]).double() / made.difference_scale) ** 2
    expected = (error * made.channel * made.area[:, None]).sum(-1).mean()

    def known(past, forcings, each):
        return tuple(each(step, found[:, step]) for step in range(3))

    assert made(known, given).item() == pytest.approx(expected.item(), rel=1e-5)
    few = [torch.randn(2, 5, 4, dtype=torch.float64) for _ in range(2)]
    weights = torch.rand(5, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    apply = lambda values: weighted_squares(values, few[1], *weights)  # noqa: E731
    assert torch.autograd.gradcheck(apply, few[0].requires_grad_())
