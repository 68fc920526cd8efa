"""Skill per cost: what a training took and was predicted to take, beside published ones."""

from dataclasses import dataclass

from terrella.engine.judge.report import Section, Table
from terrella.engine.plan.amounts import duration_text, size_text
from terrella.engine.plan.plan import load_plan
from terrella.engine.run import Run
from terrella.weather.references import COSTS


@dataclass(frozen=True)
class Cost:
    """Hours that a training's stages took, and were predicted to take where they were planned."""

    measured_h: float
    predicted_h: float | None
    device: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]  # by stage: predicted and measured time and memory


def cost_of(run: Run) -> Cost | None:
    """Return what a run's training took; None where its events do not say."""
    events = run.read_events()
    epochs = [event for event in events if event.get("kind") == "epoch"]
    if not epochs:
        return None
    seconds: dict[str, float] = {}
    for event in epochs:
        seconds[event["stage"]] = seconds.get(event["stage"], 0.0) + float(event["seconds"])
    plan = load_plan(run.folder)
    measured = {each.stage: each for each in plan.measured} if plan else {}
    planned = {stage.name: stage for stage in plan.stages} if plan else {}
    lines = []
    for name, took in seconds.items():
        stage = planned.get(name)
        held = measured.get(name)
        told = (
            ("–", "–")
            if stage is None
            else (duration_text(stage.total_s), size_text(stage.device or stage.ram))
        )
        memory = "–" if held is None else size_text(held.device or held.ram)
        lines.append((name, (told[0], duration_text(took), told[1], memory)))
    predicted = sum(stage.total_s for stage in planned.values()) / 3600 if planned else None
    device = plan.device if plan else "this machine"
    return Cost(sum(seconds.values()) / 3600, predicted, device, tuple(lines))


def cost_section(cost: Cost | None, said: str, simulated: bool) -> Section:
    """Return the section on skill per cost."""
    rows = [
        (each.name, (each.resolution, f"{24 * each.device_days:,.0f}", each.device, each.source))
        for each in COSTS
    ]
    tables = []
    if cost is not None:
        took = f"{cost.measured_h:.2f}"
        own = "predicted –" if cost.predicted_h is None else f"predicted {cost.predicted_h:.2f}"
        rows.insert(0, ("this training", ("as above", took, cost.device, own)))
        tables.append(
            Table(
                "Stages",
                ("time predicted", "time measured", "memory predicted", "memory measured"),
                list(cost.lines),
                (0, 0, 0, 0),
            )
        )
    tables.append(
        Table("Device hours of trainings", ("grid", "hours", "device", "source"), rows, (0, 0, 0, 0))
    )
    about = f"{said} " + (
        "Published models learned the Earth's reanalysis; a simulated planet is an easier and smaller world, so "
        "that hours can be compared here and skill cannot."
        if simulated
        else "Published models are beside it by what their trainings took."
    )
    return Section("Skill per cost", about, tables)
