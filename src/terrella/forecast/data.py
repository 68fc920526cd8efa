"""`terrella forecast data`: check a catalogue, cut it, and write it in another format."""

from collections.abc import Mapping
from pathlib import Path

from terrella.earth.region import box
from terrella.errors import InputError
from terrella.forecast.windows import parse_time
from terrella.formats.read import read_catalogue
from terrella.formats.write import write_catalogue


def convert(
    source: Path,
    output: Path,
    columns: Mapping[str, str] | None = None,
    bounds: tuple[float, float, float, float] | None = None,
    min_magnitude: float | None = None,
    start: str | None = None,
    end: str | None = None,
    drop_incomplete: bool = False,
) -> list[str]:
    """Write the chosen events of a catalogue file and return lines on what was found and kept.

    Raises:
        InputError: where the source cannot be read, or nothing is left to write.
    """
    catalogue, findings = read_catalogue(source, columns, drop_incomplete)
    if start is not None:
        catalogue = catalogue[catalogue.time_utc >= parse_time(start, "--start")]
    if end is not None:
        catalogue = catalogue[catalogue.time_utc < parse_time(end, "--end")]
    if min_magnitude is not None:
        catalogue = catalogue.above(min_magnitude)
    if bounds is not None:
        catalogue = catalogue[box(*bounds).contains(catalogue.longitude, catalogue.latitude)]
    if len(catalogue) == 0:
        raise InputError(f"no event of {source} is left to write; widen the bounds, times or magnitudes")
    write_catalogue(catalogue, output)
    return [*findings.lines(), f"{len(catalogue):,} events written to {output}"]
