"""Settings from TOML and overrides, and the one line that says what is wrong with them."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from terrella.engine.fit_settings import ADDED
from terrella.engine.settings import (
    changed_settings,
    fingerprint,
    load_settings,
    parse_settings,
    save_settings,
    setting_names,
    settings_text,
)
from terrella.errors import InputError


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fit(Frozen):
    epochs: PositiveInt = 12
    rate: float = 0.1
    device: str | None = None


class Data(Frozen):
    edges_km: tuple[float, ...] = (0.0, 10.0)
    columns: dict[str, str] = Field({})


class Settings(Frozen):
    name: str = "a"
    data: Data = Data()
    fit: Fit = Fit()


@pytest.fixture
def toml(tmp_path):
    def write(text: str):
        path = tmp_path / "run.toml"
        path.write_text(text)
        return path

    return write


def refused(path=None, overrides=None) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(Settings, path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(path), "run.toml")


def test_defaults_then_file_then_overrides(toml):
    path = toml("[fit]\nepochs = 40\nrate = 0.5")
    assert load_settings(Settings) == Settings()
    assert load_settings(Settings, path, {"fit": {"epochs": "7"}}).fit == Fit(epochs=7, rate=0.5)


def test_an_unknown_setting_names_the_nearest_known_one(toml):
    assert (
        refused(toml("[fit]\nepoch = 3")) == "unknown setting fit.epoch in run.toml; did you mean fit.epochs?"
    )
    assert refused(toml("epochs = 3")) == "unknown setting epochs in run.toml; did you mean fit.epochs?"
    assert refused(toml("[fits]\nepochs = 3")).endswith("did you mean fit.epochs?")
    assert refused(None, {"fit": {"epoch": 3}}) == "unknown setting fit.epoch; did you mean fit.epochs?"
    assert refused(toml("zzz = 3")).endswith(f"known are {', '.join(setting_names(Settings))}")


def test_a_wrong_value_is_told_with_setting_file_and_what_was_expected(toml):
    assert refused(toml("[fit]\nepochs = 'many'")) == (
        "setting fit.epochs in run.toml: input should be a valid integer, "
        "unable to parse string as an integer; got 'many'"
    )
    assert "greater than 0; got -1" in refused(toml("[fit]\nepochs = -1"))
    assert refused(toml("[data]\nedges_km = [0, 'x']")).startswith("setting data.edges_km.1 in run.toml:")


def test_a_wrong_override_is_not_blamed_on_the_file(toml):
    assert refused(toml("[fit]\nrate = 1.0"), {"fit": {"epochs": "x"}}).startswith("setting fit.epochs: ")


def test_a_value_in_place_of_a_table_is_told(toml):
    assert (
        refused(toml("fit = 3"))
        == "fit in run.toml is a table of settings, not one of them; set fit.epochs, …"
    )


def test_files_that_cannot_be_read_are_told(toml, tmp_path):
    assert refused(tmp_path / "none.toml") == "settings file run.toml is not there"
    assert refused(toml("[fit\nepochs = 3")).startswith("settings file run.toml cannot be read: ")
    assert refused(tmp_path).startswith("settings file run.toml cannot be read: ")
    (tmp_path / "run.toml").write_bytes("[fit]\n# für".encode("latin-1"))
    assert refused(tmp_path / "run.toml").startswith(
        "settings file run.toml is not utf-8: byte 0xfc in line 2; it looks like cp1252: write it as UTF-8"
    )
    (tmp_path / "binary.toml").write_bytes(b"\x89\x01\x02")
    assert "it is no text" in refused(tmp_path / "binary.toml")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_with_a_mark_are_read(tmp_path, encoding):
    (tmp_path / "run.toml").write_bytes("[fit]\r\nepochs = 3\r\n".encode(encoding))
    assert load_settings(Settings, tmp_path / "run.toml").fit.epochs == 3


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))


@given(
    words,
    st.lists(st.floats(allow_nan=False), max_size=4),
    st.dictionaries(words, words, max_size=3),
    st.integers(1, 10**9),
    st.none() | words,
)
def test_what_is_written_is_read_back(name, edges, columns, epochs, device):
    settings = Settings(
        name=name,
        data=Data(edges_km=tuple(edges), columns=columns),
        fit=Fit(epochs=epochs, device=device),
    )
    assert parse_settings(Settings, settings_text(settings)) == settings


def test_saved_settings_repeat_the_run(tmp_path):
    settings = Settings(fit=Fit(epochs=3))
    save_settings(settings, tmp_path / "new" / "settings.toml", "forecast")
    assert load_settings(Settings, tmp_path / "new" / "settings.toml") == settings


def test_damaged_text_is_told_with_whose_it_is():
    with pytest.raises(InputError, match="the settings in bundle x cannot be read"):
        parse_settings(Settings, "[fit", "bundle x")
    with pytest.raises(InputError, match=r"unknown setting fit\.epoch in bundle x"):
        parse_settings(Settings, "[fit]\nepoch = 3", "bundle x")


def test_changes_are_named():
    now = Settings(name="b", fit=Fit(epochs=40))
    assert changed_settings(Settings(), now) == ["name was 'a', is 'b'", "fit.epochs was 12, is 40"]
    assert changed_settings(now, now) == []


@given(
    st.lists(st.binary(max_size=5), min_size=1, max_size=4),
    st.lists(st.binary(max_size=5), min_size=1, max_size=4),
)
def test_fingerprints_differ_where_the_parts_do(one, other):
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


def test_a_fingerprint_does_not_depend_on_the_order_of_keys_or_the_process():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(Settings()) == fingerprint(Settings())
    assert fingerprint(Settings()) != fingerprint(Settings(name="b"))
    # sha256(sha256('"x"')), first 16 digits, from openssl dgst.
    assert fingerprint("x") == "eff3c09eb3086ce0"


def test_no_heavy_import():
    heavy = ["torch", "matplotlib", "obspy", "xarray", "pandas", "numba", "numpy"]
    code = f"import sys, terrella.engine.settings; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_what_was_added_since_leaves_fingerprints_as_they_were():
    class Before(BaseModel):
        epochs: int = 3

    class Now(Before):
        averaging: float = Field(0.0, json_schema_extra=ADDED)

    class Nested(BaseModel):
        fit: Before = Before()

    assert fingerprint(Now()) == fingerprint(Before())
    assert fingerprint(Now(averaging=0.5)) != fingerprint(Before())
    assert fingerprint(Nested(fit=Now())) == fingerprint(Nested())
