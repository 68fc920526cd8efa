"""`terrella pick associate`: from picks to a catalogue."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def associate(
    picks: Path,
    *,
    stations: Path,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    velocity_model: Path | None = None,
    max_depth_km: float = 60.0,
    margin_km: float = 50.0,
    min_picks: int = 8,
    min_p: int = 3,
    min_s: int = 2,
    magnitude_offset: float = 0.0,
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
    from terrella.files import must_exist

    must_exist(picks, "a table of picks was")  # all before what reads them is imported
    must_exist(stations, "StationXML or a table of stations was")
    if velocity_model is not None:
        must_exist(velocity_model, "a table of layers was")
    from terrella.engine.terminal import say
    from terrella.pick.association.associate import AssociationSettings
    from terrella.pick.association.command import associate_files
    from terrella.pick.association.velocity import AK135_CRUST, read_velocity_model

    velocity = AK135_CRUST if velocity_model is None else read_velocity_model(velocity_model)
    settings = AssociationSettings(velocity, max_depth_km, margin_km, min_picks, min_p, min_s)
    for line in associate_files(picks, stations, output, settings, magnitude_offset):
        say(line)
    say(f"next: terrella forecast show {output}")
