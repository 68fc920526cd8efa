"""How Sphinx builds the pages: `make docs`."""

from importlib import import_module
from inspect import isclass
from pathlib import Path

import terrella
from terrella.cli.tasks import TASKS

project = "Terrella"
author = copyright = "The Terrella developers"
release = version = terrella.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Deep learning for the Earth on the machine you have",
    "page_width": "1250px",
    "body_max_width": "auto",
}
html_show_sourcelink = False

autosummary_generate = False
autodoc_typehints = "none"  # docstrings say what arguments are, with shapes and units
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
myst_heading_anchors = 3
default_role = "code"  # `name` in docstrings


def write_reference(task: str) -> None:
    """Write the page of a task's public names, in the order of its table of contents."""
    package = import_module(f"terrella.{task}")
    title = f"terrella.{task}"
    lines = [
        title,
        "=" * len(title),
        "",
        f".. py:module:: {title}",
        "",
        str(package.__doc__).split("\n\n")[0],
        "",
    ]
    lines += [".. autosummary::", "", *(f"   {name}" for name in package.__all__), ""]
    for name in package.__all__:
        kind = "class" if isclass(getattr(package, name)) else "function"
        lines += [f".. auto{kind}:: {name}"]
        # Settings inherit some dozens of methods from pydantic, none of which is ours.
        lines += ["   :members:", ""] if kind == "class" and not name.endswith("Settings") else [""]
    page = Path(__file__).parent / "api" / f"{task}.rst"
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join(lines), encoding="utf-8")


for _task in TASKS:
    write_reference(_task)
