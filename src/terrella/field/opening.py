"""The annual means of a task's settings: of files, or simulated."""

from pathlib import Path

from terrella.engine.run import Report
from terrella.engine.settings import fingerprint
from terrella.field.observatories.read import read_observatories
from terrella.field.observatories.table import Observatories
from terrella.field.settings import DataSettings
from terrella.field.simulated import simulate

SIMULATED = "simulated"


def open_observatories(data: DataSettings, report: Report) -> Observatories:
    """Return annual means; what was found in them is reported.

    Raises:
        InputError: where a file is at fault.
    """
    if data.observatories == SIMULATED:
        found = simulate(data.sites, data.years, data.seed).observatories
    else:
        found = read_observatories(Path(data.observatories))
    for finding in found.findings:
        report({"kind": "message", "message": f"{data.observatories}: {finding}"})
    return found


def mark_of(given: Observatories) -> str:
    """Return the fingerprint of annual means, whatever file they came from."""
    codes = (each.code for each in given.sites)
    return fingerprint(given.years.tobytes(), given.field.tobytes(), given.latitude.tobytes(), *codes)
