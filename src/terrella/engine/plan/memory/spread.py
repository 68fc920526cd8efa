"""The memory of a step that processes share: all weights in each (DDP), or spread (FSDP2; Zhao et al. 2023)."""

from dataclasses import replace

from torch._subclasses.fake_tensor import FakeTensorMode

from terrella.engine.fit.sharding import sharded_parts
from terrella.engine.plan.memory.step_memory import StepMemory
from terrella.engine.plan.step import Step

_SPREAD = ("parameters", "copies", "gradients", "optimiser")
_GATHERED = 3  # weights of a part, those of the next one, and the gradient of a part


def replicated(memory: StepMemory) -> StepMemory:
    """Return the memory of one of the processes that hold all weights: DDP's buckets hold gradients once more."""
    more = memory.gradients
    peaks = {name: getattr(memory, name) + more for name in ("returned", "kept", "reserved")}
    return replace(memory, workspace=memory.workspace + more, **peaks)


def gathered_bytes(step: Step) -> int:
    """Return the bytes that a process holds beside its share: of the largest part that is gathered as a whole."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        network = step.make_network()
    parts = [sum(each.nbytes for each in part.parameters()) for part in sharded_parts(network)]
    # What lies in no part is gathered first and kept until the end.
    rest = sum(each.nbytes for each in network.parameters()) - sum(parts)
    return _GATHERED * max(parts, default=0) + 2 * rest


def spread(memory: StepMemory, processes: int, gathered: int) -> StepMemory:
    """Return the memory of one of the processes: its share of weights, gradients and the optimiser's numbers."""
    shares = {name: -(-getattr(memory, name) // processes) for name in _SPREAD}
    less = sum(getattr(memory, name) - share for name, share in shares.items()) - gathered
    peaks = {name: max(0, getattr(memory, name) - less) for name in ("returned", "kept", "reserved")}
    return replace(memory, **shares, **peaks, workspace=memory.workspace + gathered)
