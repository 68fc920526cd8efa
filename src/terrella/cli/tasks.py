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
    asked: str = ""  # module and name of the model of what `explain` is asked; without it no such verb
    asked_of: str = ""  # what it is asked of, for --help
    shows: str = ""  # module and name of what makes lines of scores.json; else `show` is the task's own
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
            "explain": "catalogue.parquet --bundle california -o why.csv --longitude -117.5 --latitude 35.7",
        },
        asked="terrella.forecast.asked:Asked",
        asked_of="catalogue file with the events up to the issue time",
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
            "explain": "archive/ --bundle runs/pick/mine -o why.nc --station CI.CCC --time 2019-07-06T03:20:01.28",
        },
        asked="terrella.pick.asked:Asked",
        asked_of="miniSEED or SAC files, as `predict` takes them, or a data set, as `train` does",
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
            "explain": "section.sgy --bundle runs/segment/faults -o why.nc --at 120 640",
        },
        asked="terrella.segment.asked:Asked",
        asked_of="section or volume, as `predict` takes it",
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
            "explain": "era5_64x32.zarr --bundle runs/weather/era5 -o why.nc --variable temperature --level 850",
        },
        asked="terrella.weather.asked:Asked",
        asked_of="a store, or fields, as `predict` takes them; planet for the simulated one",
    ),
    "motion": Door(
        about="Ground motion from an event and a site; magnitude and distance from one station's waveforms.",
        module="terrella.motion.task",
        settings="terrella.motion.settings:MotionSettings",
        given="data.flatfile",
        given_means="Flatfile: CSV (gzipped or not), Parquet or HDF5; a data set's folder in SeisBench's format "
        "with --data.kind waveforms; by default records are synthetic.",
        commands="terrella.cli.motion",
        examples={
            "train": "flatfile.csv --run runs/motion/mine --data.measures PGA PGV 'SA(0.3)'",
            "plan": "--samples 21000 --data.event-folds 10",
            "judge": "--run runs/motion/mine",
            "explain": "scenarios.csv --bundle runs/motion/demo -o why.nc --row 3 --measure PGV",
        },
        shows="terrella.motion.showing:lines_of",
        asked="terrella.motion.asked:Asked",
        asked_of="table of scenarios, or a data set's folder, as `predict` takes it",
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
            "explain": "annual.csv --bundle runs/field/mine -o why.csv --observatory NGK --component Y",
        },
        asked="terrella.field.asked:Asked",
        asked_of="annual means, as `predict` takes them",
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
            "explain": "prem.txt --bundle runs/interior/mine -o why.json --row 12",
        },
        shows="terrella.interior.showing:lines_of",
        asked="terrella.interior.asked:Asked",
        asked_of="profile of velocities and density, as `predict` takes it",
    ),
    "literature": Door(
        about="Text mining for geoscience: entities, key phrases, summaries and a graph of one's own texts.",
        module="terrella.literature.task",
        settings="terrella.literature.settings:LiteratureSettings",
        given="data.train",
        given_means="Files of labelled tokens, BIO or not; by default sentences are simulated.",
        commands="terrella.cli.literature",
        examples={
            "train": "labelled.txt --data.test held_out.txt --run runs/literature/mine",
            "plan": "--samples 1600 --network.hidden 128",
            "judge": "--run runs/literature/mine",
            "explain": "abstracts.csv --bundle runs/literature/mine -o why.csv --words granite",
        },
        shows="terrella.literature.showing:lines_of",
        asked="terrella.literature.asked:Asked",
        asked_of="texts (CSV, JSON lines, BibTeX, RIS or plain text)",
    ),
    "surface": Door(
        about="Surfaces: block means refined and gaps filled, with samples, beside splines and kriging.",
        module="terrella.surface.task",
        settings="terrella.surface.settings:SurfaceSettings",
        given="data.grid",
        given_means="Grid: GeoTIFF, NetCDF, .npy, .npz or points; by default the elevation that matplotlib brings.",
        commands="terrella.cli.surface",
        examples={
            "train": "dem.tif --run runs/surface/mine --data.factor 4",
            "plan": "--samples 2000 --network.widths 32 64 128",
            "judge": "--run runs/surface/mine",
            "explain": "dem.tif --bundle runs/surface/mine -o why.csv --at 120 344",
        },
        shows="terrella.surface.showing:lines_of",
        asked="terrella.surface.asked:Asked",
        asked_of="grid, as `predict` takes it",
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
        named(door.check)(settings)


def settings_model(door: Door) -> type[BaseModel]:
    """Return the model of a task's settings."""
    model: type[BaseModel] = named(door.settings)
    return model


def asked_model(door: Door) -> type[BaseModel]:
    """Return the model of what a task can be asked to explain."""
    model: type[BaseModel] = named(door.asked)
    return model


def named(what: str) -> Any:
    """Return what has a name in a module, such as terrella.forecast.settings:ForecastSettings."""
    module, name = what.split(":")
    return getattr(import_module(module), name)


def own_commands(door: Door) -> ModuleType:
    """Return the module of the verbs that are the task's own."""
    return import_module(door.commands)
