"""Predicted against measured: peak memory and time of the training step of every network, at several sizes each.

Measured in a fresh process per case, with one thread: the peak of the resident memory (VmHWM) above what the
process held before the step's first allocation, in the setting in which freed memory is given back; then, again in
a fresh process and with freed memory kept, the CPU seconds of a step. Beside them, what Hugging Face accelerate's
estimator says (`accelerate estimate-memory`: parameters x 4 bytes x 4 for training with Adam) and DeepSpeed's
(ZeRO stage 2 without offloading on one device: 20 bytes per parameter): both count parameters alone, by their
documented formulas.

Needs Linux. `--quick` takes one size of three networks; `--network NAME` those cases whose titles begin so
(`phasenet` or `phasenet, batch 64`).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from _result import RESULTS, write_result

_TIMEOUT_S = 600
_TIMED_STEPS = 4  # the first is left out
_BUDGET_S = 3.0  # of replaying operators
_OTHERS = " Rows of networks not measured this time are from: "
_FORMULAS = {"accelerate": 16, "DeepSpeed": 20}  # bytes per parameter
# Samples in a batch; sections and volumes: points on a side too.
_PICK = {
    "basicphaseae": (256, 512, 1024),
    "cred": (64, 128, 256),
    "dpp-detector": (128, 256, 512),
    "dpp-p": (4, 8, 16),
    "dpp-s": (16, 32, 64),
    "eqtransformer": (8, 16, 32),
    "gpd": (64, 128, 256),
    "phasenet": (64, 128, 256),
}
_FORECAST = (32_768, 65_536, 131_072)
_TINY = "weather-tiny"  # what libraries load their code for
# Of the mesh network: refinements, latent size and rounds; steps of the roll-out.
_WEATHER = {"weather-small": (2, 64, 4), "weather-large": (2, 128, 6)}
_ROLLOUTS = (1, 2, 4, 8, 12)
_UNETS = {2: ((2, 256), (4, 256), (2, 512)), 3: ((1, 32), (2, 32), (1, 48))}


@dataclass(frozen=True)
class Case:
    """A network at a size, by names that a child process understands."""

    network: str
    batch: int
    side: int = 0

    @property
    def title(self) -> str:
        """Return the network and its size."""
        if self.network in _WEATHER:
            return f"{self.network}, batch {self.batch}, roll-out {self.side}"
        return f"{self.network}, batch {self.batch}" + (f", side {self.side}" if self.side else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--network", nargs="*", default=[])
    parser.add_argument(
        "--child", nargs=4, metavar=("WHAT", "NETWORK", "BATCH", "SIDE"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.child:
        what, network, batch, side = options.child
        print(json.dumps(_CHILDREN[what](Case(network, int(batch), int(side)))))
        return
    cases = list(_cases(options.quick, options.network))
    order = [case.title for case in _cases(False, [])]
    rows, kept_note = _earlier() if options.network else ([], "")
    for number, case in enumerate(cases, 1):
        try:
            found = _found(case)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{case.title}: left out ({error})", flush=True)
            continue
        new = list(_rows(case, found))
        rows = [row for row in rows if not row["what"].startswith(f"{case.title}:")] + new
        rows.sort(key=lambda row: order.index(row["what"].split(":")[0]))
        said = ", ".join(f"{row['what'].split(': ')[1]} {row['ratio'] - 1:+.1%}" for row in new[:3])
        print(f"{number}/{len(cases)} {case.title}: {said}", flush=True)
        with redirect_stdout(StringIO()):  # an interruption keeps what was measured
            write_result("plan_accuracy", [*rows, *_summary(rows)], _notes(rows) + kept_note, options.quick)
    write_result("plan_accuracy", [*rows, *_summary(rows)], _notes(rows) + kept_note, options.quick)


def _earlier() -> tuple[list[dict[str, Any]], str]:
    """Return the rows of the cases in the results, which the chosen networks' replace, and where they are from."""
    path = RESULTS / "plan_accuracy.json"
    if not path.is_file():
        return [], ""
    found = json.loads(path.read_text(encoding="utf-8"))
    note = found["notes"].partition(_OTHERS)[2] or f"{found['machine']['processor']}, {found['date'][:10]}"
    return [row for row in found["rows"] if ", batch " in row["what"]], f"{_OTHERS}{note}"


def _notes(rows: list[dict[str, Any]]) -> str:
    number, of = len({row["what"].split(":")[0] for row in rows}), len(list(_cases(False, [])))
    load = os.getloadavg()[1] / (os.cpu_count() or 1)
    return (
        f"{number} of {of} cases. ours: predicted; peer: measured, or an estimator's formula. Memory is "
        "that of the step alone, in MB of 10^6 bytes, freed memory given back; kept: the same with freed memory "
        "kept for the next step. Time is CPU seconds of one thread, freed memory kept; the machine's cores were "
        f"shared ({load:.1f} processes per core ran in the last five minutes). accelerate's and DeepSpeed's "
        "figures are their documented formulas of the number of parameters, beside the measured peak."
    )


def _summary(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    errors: dict[str, list[float]] = {}
    measured: dict[str, float] = {}
    for row in rows:
        case, what = row["what"].split(": ")
        if row["peer_name"] == "measured":
            errors.setdefault(what, []).append(row["ratio"] - 1)
            measured[f"{case}, {what}"] = row["peer"]
        else:
            of_formula = errors.setdefault(f"{what} by {row['peer_name']}", [])
            of_formula.append(row["peer"] / measured[f"{case}, {what}"] - 1)
    for what, found in errors.items():
        yield _row(f"{what}: median error", 100 * statistics.median(map(abs, found)), "%")
        yield _row(f"{what}: worst error", 100 * max(found, key=abs), "%")
        yield _row(f"{what}: lowest error", 100 * min(found), "%")


def _cases(quick: bool, chosen: list[str]) -> Iterator[Case]:
    cases = [Case(name, batch) for name, batches in _PICK.items() for batch in batches]
    cases += [Case("forecast", batch) for batch in _FORECAST]
    cases += [Case(name, 1, rollout) for name in _WEATHER for rollout in _ROLLOUTS]
    cases += [Case(f"unet-{dims}d", *size) for dims, sizes in _UNETS.items() for size in sizes]
    if quick:
        wanted = {("phasenet", 64), ("forecast", 65_536), ("gpd", 128)}
        cases = [case for case in cases if (case.network, case.batch) in wanted]
    return (case for case in cases if not chosen or any(case.title.startswith(name) for name in chosen))


def _rows(case: Case, found: dict[str, dict[str, float]]) -> Iterator[dict[str, Any]]:
    predicted, measured, kept = found["predict"], found["memory"]["peak"], found["time"]["peak"]
    yield _row(f"{case.title}: memory", predicted["returned"] / 1e6, "MB", measured / 1e6, "measured")
    yield _row(f"{case.title}: memory, kept", predicted["kept"] / 1e6, "MB", kept / 1e6, "measured")
    seconds = found["time"]["cpu_s"]
    yield _row(f"{case.title}: step", predicted["seconds"], "CPU s", seconds, "measured")
    for name, size in _FORMULAS.items():
        said = predicted["parameters"] * size
        yield _row(
            f"{case.title}: memory", predicted["returned"] / 1e6, "MB", said / 1e6, f"{name} (formula)"
        )


def _row(
    what: str, ours: float, unit: str, peer: float | None = None, name: str | None = None
) -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": name,
        "unit": unit,
        "ratio": ours / peer if peer else None,
    }


def _found(case: Case) -> dict[str, dict[str, float]]:
    """Return what each child finds, one after the other: two at once would share the processor's cache."""
    return {what: _child(what, case) for what in _CHILDREN}


def _child(what: str, case: Case) -> dict[str, float]:
    """Return what a fresh process finds."""
    command = [sys.executable, __file__, "--child", what, case.network, str(case.batch), str(case.side)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"{case.title}, {what}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def _predict(case: Case) -> dict[str, float]:
    import torch

    from terrella.engine.memory import keep_freed_memory

    keep_freed_memory()
    torch.set_num_threads(1)
    from terrella.engine.plan.devices import this_machine
    from terrella.engine.plan.memory.step_memory import predict_memory
    from terrella.engine.plan.time.duration import work_seconds
    from terrella.engine.plan.time.operators import step_work

    step = _step(case)
    memory = predict_memory(step)
    parameters = sum(each.numel() for each in step.make_network().parameters())
    duration = work_seconds(step_work(step), this_machine("cpu"), _BUDGET_S)
    return {
        "returned": memory.returned,
        "kept": memory.kept,
        "seconds": duration.seconds,
        "parameters": parameters,
    }


def _memory(case: Case) -> dict[str, float]:
    from terrella.engine.memory import return_freed_memory

    return_freed_memory()
    return _real(case, 2)


def _time(case: Case) -> dict[str, float]:
    from terrella.engine.memory import keep_freed_memory

    keep_freed_memory()
    return _real(case, _TIMED_STEPS)


def _real(case: Case, steps: int) -> dict[str, float]:
    """Run training steps; return the growth of the process at its peak, and the CPU seconds of a later step."""
    import ctypes
    import time
    from dataclasses import replace

    import torch

    torch.set_num_threads(1)
    from terrella.engine.plan.rehearsal import rehearse

    step = _step(case)
    # A step first that is smaller than all cases: libraries load their code and threads begin, while the case's own
    # kernels are still to be made.
    rolled = Case(_TINY, 1, 2)
    small = rolled if case.network in _WEATHER else replace(case, batch=2, side=case.side // 4)
    for _ in rehearse(_step(small), 1):
        pass
    ctypes.CDLL(None).malloc_trim(0)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    times: dict[str, list[float]] = {"batch": [], "forward": [], "end": []}
    for now in rehearse(step, steps):
        times.setdefault(now.phase, []).append(time.process_time())
    # Making a batch of random numbers is no part of a step, nor are the first step's pages, which are cleared once.
    each = [
        end - start for start, end in zip(times["forward"], times["batch"][1:] + times["end"], strict=True)
    ]
    return {"peak": _status("VmHWM") - before, "cpu_s": statistics.median(each[1:])}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _step(case: Case) -> Any:
    if case.network == "forecast":
        from terrella.forecast.learning.training import network_step
        from terrella.forecast.settings import ForecastSettings

        return network_step(ForecastSettings(), case.batch)
    if case.network.startswith("unet"):
        return _unet_step(case)
    if case.network in (_TINY, *_WEATHER):
        return _weather_step(case)
    from terrella.pick.networks import architecture
    from terrella.pick.training import network_step as pick_step

    return pick_step(architecture(case.network), case.batch)


def _weather_step(case: Case) -> Any:
    from terrella.weather.layout import planned_planet
    from terrella.weather.learning.settings import NetworkSettings, StageSettings
    from terrella.weather.settings import WeatherSettings
    from terrella.weather.training import stage_step

    mesh, latent, steps = (1, 16, 2) if case.network == _TINY else _WEATHER[case.network]
    settings = WeatherSettings(network=NetworkSettings(mesh=mesh, latent=latent, steps=steps))
    stage = StageSettings(name="rolled", rollout=case.side, batch=case.batch)
    return stage_step(settings, planned_planet(), stage, case.batch)


def _unet_step(case: Case) -> Any:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from terrella.engine.plan.step import Step
    from terrella.nets.unet import UNet

    dims = int(case.network[5])
    widths = (8, 16, 32, 64) if dims == 2 else (8, 16, 32)
    shape = (1,) + (case.side,) * dims

    return Step(
        make_network=lambda: UNet(1, 1, widths, dims),
        make_batch=lambda size: {"x": torch.randn(size, *shape), "y": torch.rand(size, *shape)},
        loss=lambda network, batch: binary_cross_entropy_with_logits(network(batch["x"]), batch["y"]),
        batch=case.batch,
    )


_CHILDREN = {"predict": _predict, "memory": _memory, "time": _time}


if __name__ == "__main__":
    main()
