"""The verbs of `terrella pick` that are its own: its data, comparisons, and picks and events of records."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from terrella.cli.flags import (
    OUTPUT,
    SETTINGS,
    DemoRun,
    Output,
    Scheduler,
    Workers,
    bundle_there,
    input_there,
    shown,
)
from terrella.engine.settings import load_settings
from terrella.errors import InputError
from terrella.files import must_exist
from terrella.pick.comparison.settings import CompareSettings
from terrella.pick.settings import JudgeSettings

if TYPE_CHECKING:
    from terrella.pick.association.associate import AssociationSettings

__all__ = ["associate", "compare", "data", "demo", "judge", "predict", "run", "show", "watch"]

JudgeFlags = Annotated[JudgeSettings | None, Parameter(name="judge", negative_iterable=(), group="Settings")]
_RECORDS = "miniSEED or SAC files, or an SDS, were"


@Parameter(name="*")
@dataclass(frozen=True)
class Associating:
    """Where events are sought, and what makes one.

    Parameters
    ----------
    velocity_model
        CSV file of flat layers: depth_km of the top, vp_km_s, vs_km_s; by default the crust of ak135.
    max_depth_km
        Deepest events to look for.
    margin_km
        How far beyond the stations to look for events.
    min_picks
        Fewest picks of an event.
    min_p
        Fewest of these that are P.
    min_s
        Fewest of these that are S.
    magnitude_offset
        Added to all magnitudes, to calibrate amplitudes that are no mm on a Wood-Anderson seismometer.
    """

    velocity_model: Path | None = None
    max_depth_km: float = 60.0
    margin_km: float = 50.0
    min_picks: int = 8
    min_p: int = 3
    min_s: int = 2
    magnitude_offset: float = 0.0

    def settings(self) -> "AssociationSettings":
        """Return them as an association takes them."""
        if self.velocity_model is not None:
            must_exist(self.velocity_model, "a table of layers was")  # before what reads it is imported
        from terrella.pick.association.associate import AssociationSettings
        from terrella.pick.association.velocity import AK135_CRUST, read_velocity_model

        velocity = AK135_CRUST if self.velocity_model is None else read_velocity_model(self.velocity_model)
        rest = {name: value for name, value in vars(self).items() if name != "velocity_model"}
        return AssociationSettings(velocity, **rest)


def demo(*, run: DemoRun = Path("runs/pick/demo"), seed: int = 0) -> None:
    """Train two networks on synthetic seismograms of two domains, and compare them across domains.

    Classical methods stand beside them; the report says which picker fits which domain.

    Example: terrella pick demo

    Parameters
    ----------
    seed
        Seed of weights, order and resamples.
    """
    from terrella.pick.demo import demo as run_demo

    shown(lambda report: run_demo(run, seed, report))


def data(
    source: str | None = None,
    *,
    output: Annotated[Path | None, OUTPUT] = None,
    picks: Path | None = None,
    rate_hz: float = 100.0,
    precision: Literal["float32", "float16"] = "float32",
    repository: str | None = None,
    list_cards: Annotated[bool, Parameter(name="--list", negative=())] = False,
) -> None:
    """Make a store, which training and judging read at once, of labelled seismograms in SeisBench's format.

    A data set that has a name is taken from SeisBench's cache or downloaded into it; stopped and typed again, it
    goes on. With --picks, the source is an archive of miniSEED files (an SDS or any folder), and the output a data
    set in SeisBench's format: a window per event and station, and noise before it, split by event.

    Example: terrella pick data ETHZ -o stores/ethz

    Parameters
    ----------
    source
        Folder of a data set, the name of one (see --list), synthetic:NAME, or with --picks an archive.
    output
        Folder to write.
    picks
        QuakeML or another file of picks that ObsPy reads, a CSV table with columns trace_id, phase, time and
        perhaps event_id, SAC files with picks in their headers, or a folder of these.
    rate_hz
        Sampling rate of the store.
    precision
        float16 takes half the space; each trace is then scaled by its peak.
    repository
        Address of the repository to download from, where it is not SeisBench's own.
    list_cards
        List the eight data sets of the study: region, distances, size, and the tasks that they serve.
    """
    if source is not None and picks is not None:  # both before what reads them is imported
        must_exist(Path(source), "miniSEED files or an SDS archive were")
        must_exist(picks, "readings in a table, QuakeML or SAC were")
    elif source is not None:
        from terrella.pick.data.locate import check_source

        check_source(source)
    from terrella.pick.data.command import make

    asked = (picks, rate_hz, precision, repository, list_cards)
    following = f"terrella pick train {output} --run runs/pick/{output.name}" if output is not None else ""
    shown(lambda report: make(source, output, report, *asked), following)


def judge(
    data: str | None = None,
    *,
    run: Path | None = None,
    bundle: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative_iterable=())] = (),
    split: Literal["train", "dev", "test", "all"] = "test",
    output: Annotated[Path | None, OUTPUT] = None,
    settings: JudgeFlags = None,
) -> None:
    """Judge a trained picker beside STA/LTA, AIC and Baer & Kradolfer's: detection, phase, onsets, with a report.

    Thresholds always come from the dev split.

    Example: terrella pick judge --run runs/pick/local --data mine/dataset

    Parameters
    ----------
    data
        Data set, store, or synthetic:local and the like; by default the one that the run was trained on.
    run
        Folder of a training; its bundle is judged, and the results go there.
    bundle
        Bundle, file of SeisBench's weights, or the name of published ones, such as seisbench:phasenet/stead,
        instead; DPP's three make one picker.
    split
        Split that is judged.
    output
        Folder for scores.json, report.html, figures and targets, by default the run's.
    """
    from terrella.engine.run import existing_run

    if run is not None and not bundle:
        existing_run(run)  # before what judges is imported
    from terrella.pick.judging.command import judge_given

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    shown(
        lambda report: judge_given(run, bundle, data, split, output, overrides, report),
        "" if run is None else f"terrella pick predict WAVEFORMS --bundle {run} -o picks",
    )


def compare(
    *,
    run: Path,
    config: Path | None = None,
    scheduler: Scheduler = None,
    workers: int | None = None,
    settings: Annotated[CompareSettings | None, SETTINGS] = None,
) -> None:
    """Train networks on several data sets, judge them all on several, and say which picker fits yours.

    Classical methods stand beside the networks. Every finished piece is kept: stopped and typed again, the
    comparison goes on with what is missing.

    Example: terrella pick compare --run runs/pick/mine --train-sets synthetic:local synthetic:regional \
        --test-sets synthetic:local synthetic:regional mine=/data/mine --networks phasenet gpd --target mine

    Parameters
    ----------
    run
        Folder of the comparison.
    config
        Settings as TOML, such as settings.toml of an earlier comparison; flags go before it.
    workers
        Processes on this machine; one per core by default.
    """
    from terrella.pick.comparison.compare import compare as run_compare

    overrides = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if config is None and not overrides and (run / "settings.toml").is_file():
        config = run / "settings.toml"
    chosen = load_settings(CompareSettings, config, overrides, "pick compare")
    shown(lambda report: run_compare(run, chosen, report, scheduler, workers))


def predict(
    waveforms: str,
    *,
    bundle: str,
    output: Output,
    stations: tuple[str, ...] = (),
    start: str | None = None,
    end: str | None = None,
    p_threshold: float | None = None,
    s_threshold: float | None = None,
    shifts: int = 1,
    workers: Workers = 1,
    scheduler: Scheduler = None,
) -> None:
    """Pick continuous records, station-day by station-day; started again, it goes on where it was stopped.

    Example: terrella pick predict archive/ --bundle runs/pick/phasenet -o picks --start 2019-07-06 --end 2019-07-07

    Example: terrella pick run fdsn:scedc --stations CI.CCC --start 2019-07-06 --end 2019-07-07 --bundle B -o picks

    Parameters
    ----------
    waveforms
        A file of miniSEED or SAC, a folder such as an SDS archive, a pattern of files in quotes, or an FDSN
        service, whose waveforms are kept in OUTPUT/waveforms: fdsn: and earthscope, scedc, ncedc, geofon, ingv,
        orfeus, geonet or an address.
    bundle
        A trained network: a bundle's folder, a run's or its name, a file of SeisBench's weights, or the name of
        published ones, such as seisbench:phasenet/stead.
    output
        Folder for picks.csv, picks.xml (QuakeML), picks.json and, in days, what each station-day gave.
    stations
        Patterns of network.station, such as CI.*; all by default.
    start
        First time to pick, in UTC.
    end
        Time at which to stop.
    p_threshold
        Smallest probability of a P pick; the network's own by default.
    s_threshold
        Smallest probability of an S pick.
    shifts
        How many times as often the network's windows begin as by default: picks depend less on where windows begin,
        at as many times the cost.
    """
    input_there(waveforms, _RECORDS, "fdsn:")
    bundle_there(bundle, "pick")
    from terrella.pick.continuous.command import run as run_archive
    from terrella.pick.continuous.policies import Policies

    policies = Policies(_given(P=p_threshold, S=s_threshold), shifts=shifts)
    asked_of = (stations, start, end, policies, workers, scheduler)
    following = f"terrella pick show {waveforms} {output / 'picks.csv'} -o picks.png"
    shown(lambda report: run_archive(waveforms, bundle, output, report, *asked_of), following)


def show(
    waveforms: str,
    picks: Path,
    *,
    output: Annotated[Path | None, OUTPUT] = None,
    interactive: Annotated[bool, Parameter(negative=())] = False,
    station: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> None:
    """Draw picks on the waveforms of a station: three components, P and S.

    Example: terrella pick show archive/ picks/picks.csv -o picks.png --station CI.CCC --start 2019-07-06T03:00:00

    Parameters
    ----------
    waveforms
        A file of miniSEED or SAC, a folder such as an SDS archive, or a pattern of files in quotes.
    picks
        CSV file with trace_id, phase and time, as `predict` writes it.
    output
        Figure to write; its suffix chooses the format, .html a page to look around in.
    interactive
        Write that page, one file that needs no network, by default beside the picks.
    station
        network.station; by default that of the first pick.
    start
        First time to draw, in UTC; by default some seconds before the first pick.
    end
        Last time; by default a minute after the first.
    """
    input_there(waveforms, _RECORDS)
    must_exist(picks, "a table of picks was")
    if interactive and output is not None and output.suffix.lower() != ".html":
        raise InputError(f"{output}: with --interactive the output is a page: name it .html")
    if output is None:
        if not interactive:
            raise InputError("give --output, or --interactive for a page beside the picks")
        output = picks.with_suffix(".html")
    from terrella.pick.show import show as draw

    print(draw(waveforms, picks, output, station, start, end))


def associate(
    picks: Path,
    *,
    stations: Path,
    output: Output,
    associating: Associating | None = None,
) -> None:
    """Find the events behind the picks of a network, and write them as a catalogue that `terrella forecast` reads.

    Beside the catalogue, NAME.assignments.csv says which pick belongs to which event, and how well it fits.

    Example: terrella pick associate picks.csv --stations stations.csv -o catalogue.parquet

    Parameters
    ----------
    picks
        CSV file with trace_id, phase, time and, for magnitudes, amplitude, as `terrella pick run` writes it; or as
        PhaseNet, GaMMA, SeisBench, PyOcto or QuakeFlow do.
    stations
        StationXML, FDSN's text, or a CSV file with id (network.station), longitude, latitude and elevation_m, and
        perhaps start and end of a station that moved.
    output
        Catalogue file to write; its suffix chooses the format.
    """
    must_exist(picks, "a table of picks was")  # both before what reads them is imported
    must_exist(stations, "StationXML or a table of stations was")
    settings = (associating or Associating()).settings()
    from terrella.pick.association.command import associate_files

    shown(
        lambda report: associate_files(picks, stations, output, settings),
        f"terrella forecast show {output}",
    )


def watch(
    archive: str,
    *,
    bundle: str,
    output: Output,
    inventory: Path | None = None,
    stations: tuple[str, ...] = (),
    start: str | None = None,
    until: str | None = None,
    once: Annotated[bool, Parameter(negative=())] = False,
    poll_s: float = 5.0,
    p_threshold: float | None = None,
    s_threshold: float | None = None,
    associating: Associating | None = None,
    page: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Follow an SDS archive or a SeedLink server: pick as records come, associate, keep the catalogue up to date.

    Killed at any moment and typed again, it goes on. Late records revise picks and events.
    `terrella live run --catalogue OUTPUT/events.csv` issues forecasts on what it finds.

    Example: terrella pick watch archive/ --bundle runs/pick/phasenet --inventory stations.xml -o watch

    Parameters
    ----------
    archive
        Folder of miniSEED files that somebody else writes, or seedlink://HOST:PORT, whose records are kept in the
        folder of --output.
    bundle
        A trained network: a bundle's folder, a run's or its name, a file of SeisBench's weights, or the name of
        published ones, such as seisbench:phasenet/stead.
    output
        Folder for picks (a file per day), events.csv, arrivals (the picks of each day's events) and watch.sqlite,
        from which it goes on.
    inventory
        StationXML or a table of stations; without it nothing is associated.
    stations
        Patterns of network.station, such as CI.*; all by default. Of a SeedLink server their names.
    start
        First time to pick, in UTC; by default all that the archive holds, or what a server sends from now on.
    until
        Time, by the clock, at which to pick what is there to its last sample, and end.
    once
        Pick what is there to its last sample, and end.
    poll_s
        Seconds between looks at the archive.
    p_threshold
        Smallest probability of a P pick; the network's own by default.
    s_threshold
        Smallest probability of an S pick.
    page
        Write page.html to the folder as data arrive: a map, the latest records with their picks, the last events.
    """
    input_there(archive, "a folder to follow, such as an SDS archive, was", "seedlink://")
    if inventory is not None:
        must_exist(inventory, "StationXML or a table of stations was")
    bundle_there(bundle, "pick")
    settings = (associating or Associating()).settings()
    from terrella.pick.continuous.policies import Policies
    from terrella.pick.watch.command import watch as follow

    policies = Policies(_given(P=p_threshold, S=s_threshold))
    shown(
        lambda report: follow(
            archive, bundle, output, report, stations, start, until, once, poll_s, policies,
            inventory, settings, page,
        )
    )  # fmt: skip


def _given(**thresholds: float | None) -> dict[str, float]:
    """Return the thresholds of the phases that have one."""
    return {phase: value for phase, value in thresholds.items() if value is not None}


run = predict  # its name of before
