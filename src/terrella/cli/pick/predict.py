"""`terrella pick predict`, or `run`: picks of continuous records."""

from pathlib import Path

from terrella.cli.flags import Output, shown


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
    workers: int = 1,
    scheduler: str | None = None,
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
    workers
        Processes on this machine.
    scheduler
        Address of a Dask scheduler whose workers see the same folders, such as tcp://node:8786.
    """
    from terrella.engine.use.find import find_bundle
    from terrella.files import must_exist

    # Both before what picks is imported.
    if not waveforms.startswith("fdsn:") and not any(letter in waveforms for letter in "*?["):
        must_exist(Path(waveforms), "miniSEED or SAC files, or an SDS, were")
    if not bundle.startswith("seisbench:") and not Path(bundle).is_file():
        find_bundle(Path(bundle), "pick")
    from terrella.pick.continuous.command import run as run_archive
    from terrella.pick.continuous.policies import Policies

    asked = {"P": p_threshold, "S": s_threshold}
    thresholds = {phase: value for phase, value in asked.items() if value is not None}
    asked_of = (stations, start, end, Policies(thresholds=thresholds, shifts=shifts), workers, scheduler)
    following = f"terrella pick show {waveforms} {output / 'picks.csv'} -o picks.png"
    shown(lambda report: run_archive(waveforms, bundle, output, report, *asked_of), following)
