import sys

import pytest
import torch
import torch.nn.functional as F
from torch import distributed, multiprocessing

from terrella.errors import InputError
from terrella.nets.ranks import Ranks, share_gradients
from terrella.nets.strips import Strips, strip_loss
from terrella.nets.unet import UNet

PROBLEMS = [((37, 11), 1, 8), ((64, 9), 2, 4), ((30, 6, 5), 1, 4)]  # size, levels in strips, rows


def weighted(logits, target, weight):
    return (weight * F.binary_cross_entropy_with_logits(logits, target, reduction="none")).sum()


def problem(size):
    torch.manual_seed(5)
    network = UNet(widths=(2, 3, 4), dims=len(size)).double()
    inputs, weight = torch.randn(2, 2, 1, *size, dtype=torch.float64)
    return network, inputs.requires_grad_(), (torch.rand_like(inputs) < 0.4).double(), weight.abs()


def one_rank(rank, ranks, folder):
    """Write the loss and the gradients of each problem, split over the ranks."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=ranks)
    found = []
    for size, levels, rows in PROBLEMS:
        network, inputs, *targets = problem(size)
        loss = strip_loss(
            network, Strips(levels, rows), inputs, weighted, *targets, group=distributed.group.WORLD
        )
        loss.backward()
        share_gradients(network, distributed.group.WORLD)
        distributed.all_reduce(inputs.grad)
        found.append([loss.detach(), inputs.grad, *(p.grad for p in network.parameters())])
    torch.save(found, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.skipif(sys.platform == "win32", reason="gloo meets by a file")
@pytest.mark.parametrize("ranks", [2, 3])
def test_rows_split_over_processes_equal_one(ranks, tmp_path):
    multiprocessing.spawn(one_rank, (ranks, str(tmp_path)), nprocs=ranks)
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(ranks)]
    for number, (size, _, _) in enumerate(PROBLEMS):
        network, inputs, *targets = problem(size)
        loss = weighted(network(inputs), *targets)
        loss.backward()
        whole = [loss.detach(), inputs.grad, *(p.grad for p in network.parameters())]
        for each in found:
            for ours, theirs in zip(each[number], whole, strict=True):
                scale = max(1.0, float(theirs.abs().max()))
                torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10 * scale)


def test_too_few_rows_for_the_processes_are_refused():
    with pytest.raises(InputError, match="448 rows are too few for 4 processes: each needs 128"):
        Ranks(None, 3, 4).share(448, 64)
    assert [Ranks(None, rank, 3).share(448, 64).start for rank in range(3)] == [0, 128, 256]
