"""The ten lines of docs/ on a simulated catalogue, against the theory of branching processes.

Nothing here calls the model's own functions: kernels are integrated again, on a grid of times.
"""

import re
import runpy
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrella.earth.grid import make_grid
from terrella.earth.region import box
from terrella.forecast.etas.model import ETAS
from terrella.forecast.simulation.process import Process
from terrella.forecast.simulation.simulate import simulate
from terrella.formats.catalogues.catalogue import Catalogue, Floats, make_catalogue
from terrella.formats.catalogues.write import write_catalogue

SCRIPT = Path(__file__).parents[2] / "docs" / "etas_in_ten_lines.py"
BIN, LARGEST, TARGET = 0.1, 8.5, 5.0


def simulated() -> tuple[Catalogue, np.datetime64]:
    """Return ten years of events, and a time half a day after the largest of the last ones."""
    grid = make_grid(box(0.3, 2.7, 0.3, 2.7), 0.3)
    ones = np.ones(grid.mask.shape)
    model = ETAS(2e-6, 0.006, 1.3, 0.01, 0.05, 1000.0, 0.4, 0.9, 0.8, 3.0, 2.2)
    process = Process(model, 7.0, grid, 0.25 * grid.area_km2 / grid.area_km2.sum(), 0 * ones, ones, 1.0)
    model = replace(model, k0=model.k0 * 0.6 / process.branching_ratio())
    process = Process(model, 7.0, grid, process.background_per_day, 0 * ones, ones, 1.0)
    made = simulate(process, "1990-01-01", "2000-01-01", seed=3)
    inside = box(0, 3, 0, 3).contains(made.longitude, made.latitude)
    made = made[inside]
    late = made.between("1998-01-01", "1999-12-01")
    now = late.time_utc[late.magnitude.argmax()] + np.timedelta64(12, "h")
    rounded = np.round(made.magnitude / BIN) * BIN
    return make_catalogue(made.time_utc, made.longitude, made.latitude, rounded), now


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What the script's names hold at its end, and what it printed."""
    catalogue, now = simulated()
    path = tmp_path_factory.mktemp("ten_lines") / "mine.csv"
    write_catalogue(catalogue, path)
    said = StringIO()
    with pytest.MonkeyPatch.context() as context, redirect_stdout(said):
        context.setattr(sys, "argv", [str(SCRIPT), str(path), str(now)])
        names = runpy.run_path(str(SCRIPT))
    return names | {"now": now}, said.getvalue()


class Theory:
    """A fitted process from an issue time on, in steps of time; its aftershocks may fall anywhere."""

    def __init__(
        self, model: ETAS, past: Catalogue, area_km2: float, now: np.datetime64, days: float
    ) -> None:
        self.edges = np.linspace(0, days, round(days * 200) + 1)
        self.magnitude = model.min_magnitude + BIN * np.arange(
            round((LARGEST - model.min_magnitude) / BIN) + 1
        )
        share = np.exp(-model.beta * (self.magnitude - model.min_magnitude))
        self.share = share / share.sum()
        # ∫ e^{−t/τ} (t + c)^{−(1+ω)} dt from 0, on times dense near 0, over which the Omori law is steep.
        self.times = np.concatenate([[0], np.geomspace(1e-6, 1e4, 200_000)])
        omori = np.exp(-self.times / model.tau_days) * (self.times + model.c_days) ** -(1 + model.omega)
        steps = np.diff(self.times) * (omori[1:] + omori[:-1]) / 2
        self.integral = np.concatenate([[0], np.cumsum(steps)])
        self.model = model
        known = past.magnitude >= model.min_magnitude - 1e-6
        age = (now - past.time_utc[known]) / np.timedelta64(86_400_000_000, "us")
        number = self.number(past.magnitude[known])
        until = self.omori(age[:, None] + self.edges[None])
        self.direct = np.diff(number @ until) + model.mu * area_km2 * np.diff(self.edges)
        self.omori_steps = np.diff(self.omori(self.edges))

    def omori(self, days: Floats) -> Floats:
        return np.interp(days, self.times, self.integral)

    def number(self, magnitude: Floats) -> Floats:
        """Return k₀ e^{aΔm} ∫ (r² + D)^{−(1+ρ)} dA, the integral over the plane being π D^{−ρ} / ρ."""
        m, above = self.model, magnitude - self.model.min_magnitude
        zone = m.d_km2 * np.exp(m.gamma * above)
        return m.k0 * np.exp(m.a * above) * np.pi / m.rho * zone**-m.rho

    def expected(self) -> float:
        """Return Σ of direct events and of theirs: x = direct + n ∫ f(s) x(t − s) ds, step by step."""
        per_event = float(self.share @ self.number(self.magnitude)) * self.omori_steps
        events = np.zeros_like(self.direct)
        for i in range(len(events)):
            # Half of a step's own aftershocks fall into the step itself.
            earlier = events[:i][::-1] @ ((per_event[:i] + per_event[1 : i + 1]) / 2)
            events[i] = (self.direct[i] + earlier) / (1 - per_event[0] / 2)
        return float(events.sum())

    def probability(self, magnitude: float) -> float:
        """Return the probability of one or more events that large, by the generating function.

        An event and all that follows from it within u days hold none with the probability
        G(u) = Σ P(m) [m small] exp(−κ(m) ∫₀ᵘ f(s) (1 − G(u − s)) ds).
        """
        small = self.magnitude < magnitude - BIN / 2
        weight, number = self.share[small], self.number(self.magnitude[small])
        some = [1 - float(weight.sum())]  # 1 − G
        for i in range(1, len(self.edges)):
            middle = (np.array(some) + np.array([*some[1:], some[-1]])) / 2
            some.append(1 - float(weight @ np.exp(-number * (self.omori_steps[:i] @ middle[::-1]))))
        middle = (np.array(some[1:]) + np.array(some[:-1])) / 2
        return float(-np.expm1(-self.direct @ middle[::-1]))


def theory(names: dict[str, Any], days: float) -> Theory:
    return Theory(names["fit"].model, names["past"], names["region"].area_km2, names["now"], days)


def test_it_has_ten_lines():
    lines = SCRIPT.read_text(encoding="utf-8").split("import forecast\n")[1].strip().splitlines()
    assert len(lines) == 10


def test_what_is_printed_is_what_was_found(told):
    names, said = told
    assert names["fit"].converged
    assert re.search(r"within a day: ([\d.]+)", said)[1] == f"{names['day'].count.mean():.2f}"
    assert re.search(r"within a week: ([\d.]+) %", said)[1] == f"{100 * names['week'].probability_of(5):.1f}"


@pytest.mark.parametrize(("name", "days"), [("day", 1), ("week", 7)])
def test_expected_events_are_those_of_the_intensity_and_of_their_aftershocks(told, name, days):
    names, _ = told
    count = names[name].count
    expected = theory(names, days).expected()
    assert expected > 1.5 * names["fit"].model.mu * names["region"].area_km2 * days  # a sequence is going on
    # One in a hundred may fall out of the region.
    assert abs(count.mean() - expected) < 4 * count.std() / np.sqrt(len(count)) + 0.01 * expected


def test_a_large_event_is_as_likely_as_the_branching_process_has_it(told):
    names, _ = told
    found, expected = names["week"].probability_of(TARGET), theory(names, 7).probability(TARGET)
    assert 0.01 < expected < 0.9
    error = np.sqrt(expected * (1 - expected) / len(names["week"].count))
    assert abs(found - expected) < 4 * error + 0.01 * expected
    # By Gutenberg and Richter's law as if events came singly; in clusters, several large ones may share a week.
    share = np.exp(-names["fit"].model.beta * (TARGET - names["least"]))
    assert found < -np.expm1(-theory(names, 7).expected() * share) + 4 * error


def test_the_page_shows_the_lines():
    lines = SCRIPT.read_text(encoding="utf-8").split("import forecast\n")[1].strip()
    assert lines in SCRIPT.with_suffix(".md").read_text(encoding="utf-8")
