"""Weights that SeisBench publishes, by name: from its cache, or downloaded into it."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

from terrella.engine.run import Report
from terrella.engine.web import Patience, RefusedError, ask
from terrella.errors import InputError, TerrellaError
from terrella.pick.data.download import PATIENCE, fetch
from terrella.pick.data.locate import seisbench_folder
from terrella.pick.data.lock import alone

MODELS = "https://hifis-storage.desy.de/Helmholtz/HelmholtzAI/SeisBench/models/v3"
_PREFIX = "seisbench:"


def weights_file(where: str, report: Report = lambda event: None, patience: Patience = PATIENCE) -> str:
    """Return the file of seisbench:NETWORK/NAME, such as seisbench:phasenet/stead; anything else as it is given.

    It is the newest version in SeisBench's cache, and where there is none the newest of the repository, which is
    downloaded with what SeisBench says of it.

    Raises:
        InputError: where there are no such weights.
        TerrellaError: where the repository does not answer.
    """
    if not where.startswith(_PREFIX):
        return where
    network, slash, name = where.removeprefix(_PREFIX).lower().partition("/")
    if not (slash and re.fullmatch(r"\w+", network) and re.fullmatch(r"[\w-]+", name)):
        raise InputError(f"{where}: expected seisbench:NETWORK/NAME, such as seisbench:phasenet/stead")
    folder = seisbench_folder() / "models" / "v3" / network
    if (kept := _newest(name, [each.name for each in folder.glob("*")])) is None:
        with alone(folder, report):
            url = f"{MODELS}/{network}"
            kept = _newest(name, there := _listed(url, where, patience, report))
            if kept is None:
                names = sorted({each.split(".json")[0] for each in there if ".json" in each})
                raise InputError(
                    f"{where}: no such weights; of {network} there are {', '.join(names) or 'none'}"
                )
            # Weights last: without them nothing is taken for whole.
            for file in (kept.replace(".pt", ".json"), kept):
                fetch(f"{url}/{file}", folder / file, report, patience)
    return str(folder / kept)


def _newest(name: str, files: list[str]) -> str | None:
    """Return the weights' file of the highest version, such as stead.pt.v2, that has its description beside it."""
    versions = {}
    for file in files:
        found = re.fullmatch(rf"{re.escape(name)}\.pt(?:\.v([\d.]*\d))?", file)
        if found and file.replace(".pt", ".json") in files:
            versions[tuple(int(part) for part in (found[1] or "0").split("."))] = file
    return versions[max(versions)] if versions else None


def _listed(url: str, where: str, patience: Patience, report: Report) -> list[str]:
    """Return the names of the files in a folder of the repository, as WebDAV lists them (RFC 4918, section 9.1)."""
    try:
        answer = ask(f"{url}/", patience, report, "PROPFIND", {"Depth": "1"})
        found = ElementTree.fromstring(answer).iter("{DAV:}href")
    except RefusedError as error:
        raise InputError(f"{where}: the repository has no such network ({error})") from error
    except ElementTree.ParseError as error:
        raise TerrellaError(f"{url} answered no list of files ({error})") from error
    return [unquote(each.text or "").rstrip("/").rpartition("/")[2] for each in found]
