"""The tasks by name; a task itself, with all that it imports, is loaded when one of its commands runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from terrella.engine.task import Task


@dataclass(frozen=True)
class Door:
    """What the command line knows of a task before it is loaded; modules are named, and light but for `task`."""

    about: str
    module: str  # holds `task`
    settings: str  # module and name of the settings' model
    given: str  # the setting that the positional input of `train` is, such as data.catalogue
    given_means: str  # what it is, for --help
    commands: str  # module with the verbs that are the task's own: demo, data, predict, show, …
    examples: Mapping[str, str] = field(default_factory=dict)  # what follows `terrella TASK VERB`, by verb
    check: str = ""  # module and name of what refuses settings that name no data, before the task is loaded


TASKS: dict[str, Door] = {
    "forecast": Door(
        about="Earthquake forecasts: a catalogue in, probability maps of the next day, week and month out.",
        module="terrella.forecast.task",
        settings="terrella.forecast.settings:ForecastSettings",
        given="data.catalogue",
        given_means="Catalogue file, in any format that `data` reads.",
        commands="terrella.cli.forecast",
        examples={
            "train": "catalogue.parquet --run runs/forecast/mine --data.min-magnitude 3",
            "plan": "--samples 728442 --fit.epochs 40 --on rtx-5080",
            "judge": "--run runs/forecast/mine",
        },
    ),
    "pick": Door(
        about="Seismic phase picking: which picker fits your data, and picks of continuous records.",
        module="terrella.pick.task",
        settings="terrella.pick.settings:PickSettings",
        given="data.sets",
        given_means="data set: a folder of SeisBench's format or of a store, or synthetic:local and the like",
        commands="terrella.cli.pick",
        examples={
            "train": "synthetic:local --network phasenet --run runs/pick/local",
            "plan": "--network eqtransformer --samples 50000 --memory 8GB",
        },
        check="terrella.pick.data.locate:check_settings",
    ),
    "segment": Door(
        about="Detection sample by sample in sections and volumes: microseismic arrivals, faults, horizons.",
        module="terrella.segment.task",
        settings="terrella.segment.settings:SegmentSettings",
        given="data.sections",
        given_means="CSV with columns section, labels, group and perhaps split; by default sections are modelled.",
        commands="terrella.cli.segment",
        examples={
            "train": "faults.csv --patch.shape 128 128 --run runs/segment/faults",
            "plan": "--patch.shape 4096 4096 --network.widths 8 16 32 64 128 256 512 --on rtx-5080",
            "judge": "--run runs/segment/faults",
        },
    ),
    "weather": Door(
        about="Weather: states of the atmosphere in, forecasts of the next ten days out.",
        module="terrella.weather.task",
        settings="terrella.weather.settings:WeatherSettings",
        given="data.store",
        given_means="Store that `data` wrote; by default a planet is simulated.",
        commands="terrella.cli.weather",
        examples={
            "train": "era5_64x32.zarr --run runs/weather/era5 --network.mesh 4",
            "plan": "era5_64x32.zarr --network.latent 256 --network.steps 16 --on rtx-5080",
            "judge": "--run runs/weather/era5 --judge.leads-hours 24 72 120",
        },
    ),
    "motion": Door(
        about="Ground motion from an event and a site: medians and standard deviations of PGA, PGV and spectra.",
        module="terrella.motion.task",
        settings="terrella.motion.settings:MotionSettings",
        given="data.flatfile",
        given_means="Flatfile: CSV (gzipped or not), Parquet or HDF5; by default records are synthetic.",
        commands="terrella.cli.motion",
        examples={
            "train": "flatfile.csv --run runs/motion/mine --data.measures PGA PGV 'SA(0.3)'",
            "plan": "--samples 21000 --data.event-folds 10",
            "judge": "--run runs/motion/mine",
        },
    ),
    "field": Door(
        about="The main magnetic field years ahead: annual means or Gauss coefficients in, intervals out.",
        module="terrella.field.task",
        settings="terrella.field.settings:FieldSettings",
        given="data.observatories",
        given_means="Annual means: CSV, IAGA-2002, annual-mean files, or a folder; by default they are simulated.",
        commands="terrella.cli.field",
        examples={
            "train": "annual.csv --run runs/field/mine --data.horizon-years 5",
            "plan": "--samples 3000 --data.regions 6",
            "judge": "--run runs/field/mine --judge.generations igrf/",
        },
    ),
    "interior": Door(
        about="The Earth's interior: temperature and composition with intervals, from velocities and density.",
        module="terrella.interior.task",
        settings="terrella.interior.settings:InteriorSettings",
        given="data.tables",
        given_means="Table of mineral physics (Perple_X .tab, CSV, Parquet); several, one of each composition, by "
        "--data.tables; by default minerals are simulated.",
        commands="terrella.cli.interior",
        examples={
            "train": "pyrolite.tab --run runs/interior/mine --data.density-noise 0.02",
            "plan": "--data.draws 200000 --network.hidden 128",
            "judge": "--run runs/interior/mine",
        },
    ),
}


def load_task(name: str) -> "Task[Any, Any]":
    """Return a task by its name."""
    task: Task[Any, Any] = import_module(TASKS[name].module).task
    return task


def check_inputs(door: Door, settings: Any) -> None:
    """Refuse settings that name data which are not there.

    Raises:
        InputError: naming the first.
    """
    if door.check:
        module, name = door.check.split(":")
        getattr(import_module(module), name)(settings)


def settings_model(door: Door) -> type[BaseModel]:
    """Return the model of a task's settings."""
    module, name = door.settings.split(":")
    model: type[BaseModel] = getattr(import_module(module), name)
    return model


def own_commands(door: Door) -> ModuleType:
    """Return the module of the verbs that are the task's own."""
    return import_module(door.commands)
