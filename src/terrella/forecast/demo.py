"""`terrella forecast demo`: a catalogue whose true process is known, trained on and judged.

The process is ETAS plus two things that a plain ETAS cannot know: faults along which aftershocks align, and
productivity that differs between regions. Its own expected counts are the ceiling for every forecast.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from terrella.engine import workflow
from terrella.engine.run import Report, Run
from terrella.engine.task import Asked
from terrella.engine.use.bundle import load_bundle
from terrella.forecast.judging.command import judge_models
from terrella.forecast.models import Forecaster
from terrella.forecast.settings import DataSettings, FitSettings, ForecastSettings, Kind, NetworkSettings
from terrella.forecast.simulation.process import demo_process
from terrella.forecast.simulation.simulate import simulate
from terrella.forecast.simulation.truth import expected_counts
from terrella.formats.catalogues.catalogue import Catalogue, Floats
from terrella.formats.catalogues.write import write_catalogue

TRUTH = "true process"

START, END = "1980-01-01", "2025-01-01"

# As the bundle `simulated` has them, from which a U-Net starts: trained on other regions of this kind.
UNET = NetworkSettings(kind="unet", hidden=(64, 32), widths=(16, 32, 64))
_TUNED = FitSettings(samples=600_000, step_days=2.0, epochs=2, learning_rate=1e-3)


def demo_settings(catalogue: Path, network: Kind = "perceptron") -> ForecastSettings:
    """Return settings under which the demo takes a few minutes on two cores."""
    unet = network == "unet"
    return ForecastSettings(
        start_from="simulated" if unet else None,
        horizons_days=(1.0, 7.0, 30.0),
        data=DataSettings(
            catalogue=str(catalogue),
            min_magnitude=3.0,
            magnitude_bin=0.0,
            bounds=(0.0, 4.0, 0.0, 4.0),
            cell_deg=0.1,
            auxiliary_start=START,
            train_start="1983-01-01",
            validation_start="2012-01-01",
            test_start="2018-01-01",
            test_end=END,
        ),
        network=UNET if unet else NetworkSettings(),
        fit=_TUNED if unet else FitSettings(samples=300_000, step_days=2.0),
    )


def inside_the_demo(catalogue: Catalogue) -> Catalogue:
    """Return the events in the demo's region: a network of stations does not see what happens beyond."""
    inside = (np.abs(catalogue.longitude - 2) <= 2) & (np.abs(catalogue.latitude - 2) <= 2)
    return catalogue[inside]


def trained_demo(folder: Path, seed: int, report: Report, network: Kind = "perceptron") -> Path:
    """Simulate and train in a run's folder, and return the catalogue; what was stopped goes on."""
    from terrella.forecast.task import task  # which names this demo

    path = folder / "catalogue.parquet"
    if not path.is_file():
        process = demo_process()
        catalogue = inside_the_demo(simulate(process, START, END, seed))
        write_catalogue(catalogue, path)
        report({"kind": "message", "message": f"simulated {len(catalogue):,} events, {START} to {END}"})
    workflow.train(task, folder, demo_settings(path, network), report)
    return path


def demo(folder: Path, seed: int, report: Report, network: Kind = "perceptron") -> None:
    """Simulate, train and judge in a run's folder; a demo that was stopped goes on."""
    from terrella.forecast.task import task

    path = trained_demo(folder, seed, report, network)
    process = demo_process()

    def log_truth(forecaster: Forecaster, issue_days: Floats, horizon_days: float) -> torch.Tensor:
        grid, epoch = forecaster.models.grid, forecaster.models.epoch
        counts = expected_counts(process, issue_days, horizon_days, forecaster.catalogue, grid, epoch)
        return torch.log(torch.as_tensor(counts) + 1e-12)

    run = Run(folder)
    told = replace(task, judge=partial(judge_models, ceiling=(TRUTH, log_truth)))
    workflow.judge_bundle(told, Asked(run, load_bundle(run.bundle, task.name)), report)
    report({"kind": "result", "message": f"the catalogue is {path}"})
