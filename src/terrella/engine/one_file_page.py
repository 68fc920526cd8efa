"""A page of one file: style, scripts and data stand in it, and nothing is fetched from elsewhere."""

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from terrella.files import write_text


def write_page(path: Path, package: str, page: str, scripts: Sequence[str], data: Any) -> None:
    """Write a page of a package's folder `page`, with its scripts and the pages' common style, in one step.

    The page has the marks /*STYLE*/, /*SCRIPT*/ and /*DATA*/; a script that others import stands before them.
    """
    style = _text("terrella.engine", "style.css")
    code = "".join(
        re.sub(r"^(export |import .*\n)", "", _text(package, name), flags=re.MULTILINE) for name in scripts
    )
    # Within a script element no text may end it.
    values = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    whole = _text(package, page)
    for mark, text in (("/*STYLE*/", style), ("/*SCRIPT*/", code), ("/*DATA*/", values)):
        whole = whole.replace(mark, text, 1)
    write_text(path, whole)


def _text(package: str, name: str) -> str:
    return files(package).joinpath("page", name).read_text(encoding="utf-8")
