"""`terrella forecast data`: check a catalogue, cut it, and write it in another format; or download one."""

from collections.abc import Mapping
from pathlib import Path

from terrella.earth.region import box
from terrella.engine.run import Report
from terrella.errors import InputError
from terrella.forecast.download.named_regions import Bounds, chosen_bounds
from terrella.forecast.windows import parse_time
from terrella.formats.catalogues.read import read_catalogue
from terrella.formats.catalogues.write import write_catalogue


def make(
    source: Path | None,
    output: Path,
    report: Report,
    columns: Mapping[str, str] | None = None,
    region: str | None = None,
    bounds: Bounds | None = None,
    min_magnitude: float | None = None,
    start: str | None = None,
    end: str | None = None,
    drop_incomplete: bool = False,
    service: str | None = None,
) -> list[str]:
    """Convert a catalogue file, or download one where no file is named; return lines on what was done.

    Raises:
        InputError: for options that do not go together, and all that `convert` and `download` raise.
    """
    bounds = chosen_bounds(region, bounds)
    if source is not None:
        if service is not None:
            raise InputError(f"--service is for downloading; leave it out to convert {source}")
        return convert(source, output, columns, bounds, min_magnitude, start, end, drop_incomplete)
    for option, value in (("--columns", columns), ("--drop-incomplete", drop_incomplete)):
        if value:
            raise InputError(
                f"{option} is for converting; name the catalogue file, or leave the option out to download"
            )
    from terrella.forecast.download.catalogue import download

    given = {
        "service": service,
        "bounds": bounds,
        "start": start,
        "end": end,
        "min_magnitude": min_magnitude,
    }
    return download(output, given, report)


def convert(
    source: Path,
    output: Path,
    columns: Mapping[str, str] | None = None,
    bounds: Bounds | None = None,
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
