"""AdamW beside Muon with AdamW at equal CPU seconds: single steps of the demo's network on the simulated planet.

All trainings begin with the same weights, take the same batches and go on in turn, a step each, so that others who
use the machine's cores disturb all alike. A training's own CPU seconds tell how far its rate has come (a linear
warm-up, a half cosine to zero) and when it ends: an optimiser whose step takes longer has fewer steps. Then all are
judged on the same windows of dev. `--quick` gives each a tenth of the time.
"""

import argparse
import math
import time
from dataclasses import dataclass
from typing import Any

import torch

from _result import write_result
from terrella.engine.feed import Feed
from terrella.weather.demo import demo_settings
from terrella.weather.learning.optimiser import OPTIMISERS
from terrella.weather.training import open_weather, stages

_BUDGET_S = 30.0  # CPU seconds of a training
_WARM = 0.1  # share of them in which the rate grows
_RATES = {"adamw": (2e-3, 4e-3), "muon": (2e-3, 4e-3)}
_DECAY, _CLIP = 0.1, 32.0


@dataclass
class Side:
    """One training."""

    name: str
    rate: float
    network: Any
    optimiser: Any
    used_s: float = 0.0
    steps: int = 0

    def step(self, loss: Any, batch: Any, budget_s: float) -> None:
        """Make one step, at the rate of the time that is used."""
        began, share = time.process_time(), self.used_s / budget_s
        rate = self.rate * min(1.0, (share + 0.01) / _WARM) * 0.5 * (1 + math.cos(math.pi * share))
        for group in self.optimiser.param_groups:
            group["lr"], group["weight_decay"] = rate, _DECAY
        self.optimiser.zero_grad()
        loss(self.network, batch).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimiser.step()
        self.used_s += time.process_time() - began
        self.steps += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    budget_s = _BUDGET_S / (10 if options.quick else 1)
    torch.set_num_threads(1)
    settings = demo_settings(options.seed)
    weather = open_weather(settings, lambda event: None)
    spec = stages(settings, weather, None)[0]
    fed, step = spec.fed("preloaded"), spec.need.step
    sides = [_side(settings, weather, name, rate) for name, rates in _RATES.items() for rate in rates]
    feed = Feed(fed.learned, step.batch, options.seed)
    epoch = 0
    while any(side.used_s < budget_s for side in sides):
        for batch in feed.epoch(epoch):
            running = [side for side in sides if side.used_s < budget_s]
            for side in running:
                side.step(step.loss, batch, budget_s)
            if not running:
                break
        epoch += 1
    rows = [_row(side, _dev_loss(side.network, step.loss, fed.checked)) for side in sides]
    best = {name: min(row["ours"] for row in rows if row["what"].startswith(name)) for name in _RATES}
    rows.append(
        {
            "what": "the best of Muon's rates beside the best of AdamW's: loss on dev",
            "ours": best["muon"], "peer": best["adamw"], "peer_name": "AdamW", "unit": "",
            "ratio": best["muon"] / best["adamw"],
        }
    )  # fmt: skip
    notes = (
        f"{budget_s:g} CPU seconds each, one thread, batches of {step.batch}, seed {options.seed}: the demo's "
        "single steps on the simulated planet. Losses are mean squared errors in units of the variance of a step's "
        "differences."
    )
    write_result("weather_optimisers", rows, notes, options.quick)


def _side(settings: Any, weather: Any, name: str, rate: float) -> Side:
    torch.manual_seed(settings.fit.seed)
    network = weather.layout.network(settings.network)
    return Side(name, rate, network, OPTIMISERS[name](network))


@torch.no_grad()
def _dev_loss(network: Any, loss: Any, source: Any) -> float:
    network.eval()
    return float(loss(network, source.read(torch.arange(len(source)))))


def _row(side: Side, loss: float) -> dict[str, Any]:
    what = f"{side.name}, peak rate {side.rate:g}, {side.steps} steps: loss on dev"
    return {"what": what, "ours": loss, "peer": None, "peer_name": None, "unit": "", "ratio": None}


if __name__ == "__main__":
    main()
