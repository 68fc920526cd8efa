"""The house itself: set-up, layers, versions, links and the things that no file may hold."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import terrella
from terrella.references import REFERENCES

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
WRITTEN = [
    path
    for pattern in (
        "*.md", "*.cff", "*.toml", "*.lock", "Makefile", ".ci/*", ".github/**/*.yml", ".*.yaml", "docs/**/*.md",
        "docs/**/*.py", "src/**/*.py", "tests/**/*.py", "benchmarks/*.py", "scripts/*.py",
    )
    for path in sorted(ROOT.glob(pattern))
]  # fmt: skip
LONGEST_FILE = 450
HOSTS = {"doi.org", "www.w3.org", "www.opengis.net", "quakeml.org", "hifis-storage.desy.de", "127.0.0.1"}
HOSTS |= {
    "earthquake.usgs.gov", "service.geonet.org.nz", "webservices.ingv.it", "www.isc.ac.uk", "www.seismicportal.eu",
    "service.earthscope.org", "service.scedc.caltech.edu", "service.ncedc.org", "geofon.gfz.de",
    "www.orfeus-eu.org",
}  # fmt: skip


@pytest.fixture
def set_up(tmp_path):
    """Return a function that runs the Makefile's set-up with a pip that only records what it is asked for.

    The machine has a GPU or not, and pip is offered torch's CPU build or not, as the arguments say.
    """
    house, tools = tmp_path / "house", tmp_path / "tools"
    house.mkdir()
    tools.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, house)
    for name in ("sh", "sed", "echo", "touch", "make", "mkdir", "cp", "chmod", "test"):
        (tools / name).symlink_to(shutil.which(name))
    record = tmp_path / "asked"

    def script(path, *lines):
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(gpu: bool = False, cpu_build: bool = True, version_is_new: bool = True, find_links: str = ""):
        refuses = "" if cpu_build else 'case "$*" in *+cpu*) exit 1;; esac'
        script(tools / "pip-that-records", f'echo "$*" >> {record}', refuses)
        script(
            tools / "python3",
            'test "$1" = --version && echo Python 3.9.1',
            f'test "$1" = -c && exit {0 if version_is_new else 1}',
            f'test "$2" = venv && mkdir -p .venv/bin && cp {tools}/pip-that-records .venv/bin/python',
        )
        (tools / "nvidia-smi").unlink(missing_ok=True)
        if gpu:
            script(tools / "nvidia-smi", "exit 0")
        done = subprocess.run(
            ["make", ".venv/.installed", f"TORCH_FIND_LINKS={find_links}"],
            cwd=house,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
        )
        asked = record.read_text().splitlines() if record.exists() else []
        record.unlink(missing_ok=True)
        return done, [line for line in asked if " install " in line]

    run.house = house
    return run


def torch_version() -> str:
    return re.search(r"^torch==(.+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)[1]


def test_without_a_gpu_torch_is_the_cpu_build_and_comes_before_the_package(set_up):
    done, asked = set_up()
    assert done.returncode == 0, done.stderr
    assert len(asked) == 2
    assert f"torch=={torch_version()}+cpu" in asked[0]
    assert asked[1].endswith("-e .[dev,pick,segment,motion,literature,live,explain]")
    assert all("-c requirements.lock" in line for line in asked)


def test_without_a_cpu_build_the_default_one_is_installed_and_said(set_up):
    done, asked = set_up(cpu_build=False)
    assert done.returncode == 0, done.stderr
    assert [f"torch=={torch_version()}" == line.split()[-1] for line in asked] == [False, True, False]
    assert "TORCH_FIND_LINKS" in done.stdout


def test_with_a_gpu_torch_is_the_default_build(set_up):
    done, asked = set_up(gpu=True)
    assert done.returncode == 0, done.stderr
    assert asked[0].split()[-1] == f"torch=={torch_version()}"
    assert not any("+cpu" in line for line in asked)


def test_a_place_for_torch_is_passed_on(set_up):
    _, asked = set_up(find_links="/wheels")
    assert "--find-links /wheels" in asked[0]


def test_a_second_set_up_happens_only_when_a_requirement_changed(set_up):
    set_up()
    assert set_up()[1] == []
    later = (set_up.house / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(set_up.house / "requirements.lock", (later, later))
    assert len(set_up()[1]) == 2


def test_an_old_python_is_named_and_nothing_is_installed(set_up):
    done, asked = set_up(version_is_new=False)
    assert done.returncode != 0
    assert "Python 3.9.1 is too old: Terrella needs Python 3.11 or newer" in done.stdout
    assert asked == []


def test_the_lock_holds_every_requirement_in_one_exact_version():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = dict(line.split("==") for line in lines)
    assert len(locked) == len(lines)
    assert not any("+" in version for version in locked.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {name.lower().replace("_", "-") for name in locked}
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["dev"], *extras["docs"]]:
        assert re.match(r"[\w-]+", requirement)[0].lower().replace("_", "-") in named, requirement


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_source_file_is_short_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    assert text.startswith('"""'), "a file begins with a sentence on its subject"
    assert not re.search(r"\b(TO" + r"DO|FIX" + r"ME|XXX)\b", text)


def test_no_file_names_a_host_or_a_folder_of_some_machine():
    folder = re.compile(r"(?<![\w./-])/(?:home|opt|root|work)/\w")
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"https?://([\w.-]+)", text)) <= HOSTS, path
        assert "index-" + "url" not in text, path
        assert not folder.search(text), path


def test_nothing_copyleft_and_no_pickle_is_imported():
    refused = re.compile(
        r"^\s*(?:import|from) (?:seisbench|cartopy|openquake|pickle|dill|joblib)\b", re.MULTILINE
    )
    for path in SOURCES:
        assert not refused.search(path.read_text(encoding="utf-8")), path


def test_proj_is_loaded_before_data_sets_are_opened():
    opened = re.compile(r"(xr|xarray)\.open_\w+\(")
    first = re.compile(r"import terrella\.earth\.proj_first|from terrella\.earth\.grid import")
    found = [text for path in SOURCES if opened.search(text := path.read_text(encoding="utf-8"))]
    assert len(found) > 3
    assert all(first.search(text) for text in found)


def test_the_version_that_is_cited_has_a_chapter_in_the_changelog():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1]
    assert f"## {cited}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_version_is_that_of_the_installed_package(monkeypatch):
    assert terrella.__version__ == importlib.metadata.version("terrella")

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    assert terrella.__version__ == "0+unknown"


def test_importing_terrella_loads_no_metadata():
    code = "import sys, terrella; print('importlib.metadata' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT / "src", capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr


def test_imports_go_downward_only():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_links_between_the_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_source_files_named_in_the_documents_exist():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]:
        for name in re.findall(r"`(?:\w+/)*(\w+\.py)`", page.read_text(encoding="utf-8")):
            assert list(ROOT.glob(f"src/**/{name}")) or list(ROOT.glob(f"[bds]*/**/{name}")), (
                f"{page.name}: {name}"
            )


def test_the_documents_show_the_results_that_lie_in_the_files():
    specification = importlib.util.spec_from_file_location(
        "update_tables", ROOT / "scripts" / "update_tables.py"
    )
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    shown = "".join(document.read_text(encoding="utf-8") for document in script.DOCUMENTS)
    assert all(f"<!-- {name} -->" in shown for name in script.TABLES)
    for document in script.DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert script.updated(text) == text, "run python scripts/update_tables.py"


@pytest.mark.parametrize("method", REFERENCES)
def test_references_are_whole(method):
    text = REFERENCES[method]
    assert text.count("{") == text.count("}")
    entries = re.findall(r"@\w+\{(\w+),(.*?)\n\}", text, re.DOTALL)
    assert len(entries) == text.count("@")
    for key, fields in entries:
        year = re.search(r"year = \{(\d{4})\}", fields)[1]
        assert key.endswith(year)
        assert "author = {" in fields
        assert "title = {" in fields


def test_no_paper_is_listed_twice():
    keys = re.findall(r"@\w+\{(\w+),", "".join(REFERENCES.values()))
    assert len(keys) == len(set(keys))
