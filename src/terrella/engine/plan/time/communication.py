"""What several processes pay for exchanging gradients and weights: a model of latency and bandwidth.

A message of n bytes takes α + n/β seconds: latency and bandwidth of the slowest link of a ring. Thakur et al.
(2005) give the rings' sums; Patarasuk and Yuan (2009) show that the ring all-reduce moves as few bytes as any.
"""

from dataclasses import dataclass
from typing import Literal

from terrella.engine.plan.devices import Device
from terrella.engine.plan.time.operators import Work
from terrella.errors import InputError

Scheme = Literal["replicated", "sharded"]  # DDP; FSDP2

_BUCKET = 25 << 20  # bytes that DDP sends at once
_BACKWARD = 2 / 3  # of a step's arithmetic: two products for each of the forward pass
_GRADIENT_BYTES = 4  # gradients are float32 under autocast too


@dataclass(frozen=True)
class Link:
    """A connection between neighbours of the ring, in one direction."""

    bandwidth: float  # bytes per second
    latency_s: float


@dataclass(frozen=True)
class Exchange:
    """What communication does to a step; a model, not a measurement."""

    processes: int
    computing_s: float  # of one step of one process alone
    communicating_s: float  # all of it
    exposed_s: float  # what the backward pass does not hide
    efficiency: float  # samples per second over `processes` times those of one

    @property
    def step_s(self) -> float:
        """Seconds of a step."""
        return self.computing_s + self.exposed_s


def device_link(device: Device) -> Link:
    """Return the link between devices of one host."""
    return Link(device.link, device.link_latency_s)


def all_gather_seconds(size: float, processes: int, link: Link) -> float:
    """Return the seconds until every process holds all `size` bytes, of which each had a share, over a ring.

    (p − 1) α + (p − 1)/p · n/β: Thakur et al. (2005), section 4.1.
    """
    return (processes - 1) * (link.latency_s + size / processes / link.bandwidth)


def reduce_scatter_seconds(size: float, processes: int, link: Link) -> float:
    """Return the seconds until each process holds its share of a sum of `size` bytes: an all-gather reversed."""
    return all_gather_seconds(size, processes, link)


def all_reduce_seconds(size: float, processes: int, link: Link) -> float:
    """Return the seconds until every process holds the sum of `size` bytes of each, over a ring.

    2 (p − 1) α + 2 (p − 1)/p · n/β: a reduce-scatter and an all-gather (Patarasuk and Yuan 2009).
    """
    return reduce_scatter_seconds(size, processes, link) + all_gather_seconds(size, processes, link)


def exchange(
    work: Work,
    seconds: float,
    processes: int,
    link: Link,
    accumulation: int = 1,
    scheme: Scheme = "replicated",
) -> Exchange:
    """Return the communication of a step that takes one process `seconds`.

    Replicated: gradients are summed once a step, in buckets, as soon as the backward pass of the last accumulated
    part has them; the last bucket cannot be hidden. Sharded: weights are gathered for the forward and for the
    backward pass of every part, and gradients scattered; the first gathering and the last scattering of a bucket
    cannot be hidden.

    Raises:
        InputError: for fewer than one process.
    """
    if processes < 1:
        raise InputError(f"{processes} processes cannot train; expected one or more")
    size = float(work.parameters * _GRADIENT_BYTES)
    if processes == 1 or not size:
        return Exchange(processes, seconds, 0.0, 0.0, 1.0)
    buckets = max(1.0, size / _BUCKET)
    part = size / buckets
    if scheme == "replicated":
        each = all_reduce_seconds(part, processes, link)
        communicating, last = buckets * each, each
        hidden = seconds * _BACKWARD / accumulation
    else:
        gather, scatter = (
            kind(part, processes, link) for kind in (all_gather_seconds, reduce_scatter_seconds)
        )
        communicating, last = accumulation * buckets * (2 * gather + scatter), gather + scatter
        hidden = seconds
    exposed = max(communicating - hidden, min(last, communicating))
    return Exchange(processes, seconds, communicating, exposed, seconds / (seconds + exposed))
