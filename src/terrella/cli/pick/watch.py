"""`terrella pick watch`: picks and events of an archive as it grows."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from terrella.cli.flags import Output, shown


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
    velocity_model: Path | None = None,
    max_depth_km: float = 60.0,
    margin_km: float = 50.0,
    min_picks: int = 8,
    min_p: int = 3,
    min_s: int = 2,
    magnitude_offset: float = 0.0,
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
    page
        Write page.html to the folder as data arrive: a map, the latest records with their picks, the last events.
    """
    from terrella.engine.use.find import find_bundle
    from terrella.files import must_exist

    # All before what picks is imported.
    if not archive.startswith("seedlink://"):
        must_exist(Path(archive), "a folder to follow, such as an SDS archive, was")
    if inventory is not None:
        must_exist(inventory, "StationXML or a table of stations was")
    if velocity_model is not None:
        must_exist(velocity_model, "a table of layers was")
    if not bundle.startswith("seisbench:") and not Path(bundle).is_file():
        find_bundle(Path(bundle), "pick")
    from terrella.pick.association.associate import AssociationSettings
    from terrella.pick.association.velocity import AK135_CRUST, read_velocity_model
    from terrella.pick.continuous.policies import Policies
    from terrella.pick.watch.command import watch as follow

    asked = {"P": p_threshold, "S": s_threshold}
    policies = Policies(thresholds={phase: value for phase, value in asked.items() if value is not None})
    velocity = AK135_CRUST if velocity_model is None else read_velocity_model(velocity_model)
    settings = AssociationSettings(velocity, max_depth_km, margin_km, min_picks, min_p, min_s)
    shown(
        lambda report: follow(
            archive, bundle, output, report, stations, start, until, once, poll_s, policies,
            inventory, settings, magnitude_offset, page,
        )
    )  # fmt: skip
