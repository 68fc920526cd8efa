"""The plan of a published variant: its stages with predicted time and memory, beside what was published."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.table import Table

from terrella.engine.plan.amounts import duration_text, size_text
from terrella.engine.plan.devices import Device
from terrella.engine.plan.plan import Plan, StagePlan, plan
from terrella.engine.plan.step import Step, rolled
from terrella.engine.plan.strategy import Limits, Need
from terrella.errors import DoesNotFitError
from terrella.weather.learning.settings import StageSettings
from terrella.weather.learning.steps import variant_step
from terrella.weather.trained import TOOK, reported_seconds, took
from terrella.weather.variants import Variant

_FRAMES = 39 * 1461  # six-hour states of ERA5 from 1979 to 2017
_DAY = 86400.0


def plan_variant(
    variant: Variant, limits: Limits, device: Device | None = None
) -> tuple[Plan, DoesNotFitError | None]:
    """Return the plan of a variant's stages up to the first that does not fit, and why; nothing is read or trained.

    Raises:
        DoesNotFitError: where not even the first stage fits.
    """
    batch, devices = variant.stages[0].batch, max(limits.processes)
    step = replace(variant_step(variant, batch), accumulation=-(-batch // devices))  # a sample at a time
    needs = [_need(variant, stage, step) for stage in variant.stages]
    try:
        return plan(variant.name, needs, limits, device, 1), None
    except DoesNotFitError as error:
        failed = error
    fitting: list[Need] = []
    for need in needs:
        try:
            plan(variant.name, [need], limits, device, 1)
        except DoesNotFitError as error:
            failed = error
            break
        fitting.append(need)
    if not fitting:
        raise failed
    return plan(variant.name, fitting, limits, device, 1), failed


def variant_table(variant: Variant, made: Plan) -> Table:
    """Return the plan as a table, a row for each stage."""
    devices = max(limit for limit in made.limits.processes)
    shown = Table(title=f"{variant.name} on {devices} × {made.device}", title_justify="left")
    for head in ("stage", "steps", "roll-out", "memory", "a step", "in all", "published, a step", "strategy"):
        shown.add_column(head, justify="left" if head in ("stage", "strategy") else "right", overflow="fold")
    for stage in made.stages:
        shown.add_row(*_row(variant, stage))
    return shown


def beside_published(variant: Variant, made: Plan) -> Iterator[str]:
    """Return lines on what all stages of a kind take together, beside what was published, and its sources."""
    kinds: dict[str, list[StagePlan]] = {}
    for stage in made.stages:
        kinds.setdefault("rolled" if stage.rollout > 1 else stage.name, []).append(stage)
    reported = TOOK[variant.name]
    for name, stages in kinds.items():
        yield _together(name, stages, reported[name].days if name in reported else None)
    if len(made.stages) < len(variant.stages):
        yield f"{len(variant.stages) - len(made.stages)} stages are not planned: the next one does not fit"
    else:
        every = reported["all"].days if "all" in reported else None
        days = every or sum(each.days or 0.0 for each in reported.values())
        yield _together("all stages", made.stages, days)
    yield from (f"published: {source}" for source in dict.fromkeys(each.source for each in reported.values()))


def _together(name: str, stages: Sequence[StagePlan], days: float | None) -> str:
    steps = [each.epochs * each.steps for each in stages]
    low = sum(number * each.step_low_s for number, each in zip(steps, stages, strict=True))
    high = sum(number * each.step_high_s for number, each in zip(steps, stages, strict=True))
    total = duration_text(sum(each.total_s for each in stages))
    said = f"{name}: {total} predicted ({duration_text(low)} to {duration_text(high)})"
    return said if days is None else f"{said}, published {duration_text(days * _DAY)}"


def _row(variant: Variant, stage: StagePlan) -> Iterator[str]:
    reported = reported_seconds(took(variant.name, stage.name, stage.rollout), stage.rollout)
    yield stage.name
    yield f"{stage.steps:,}"
    yield str(stage.rollout)
    yield size_text(stage.device or stage.ram)
    yield f"{duration_text(stage.step_s)} ({duration_text(stage.step_low_s)} to {duration_text(stage.step_high_s)})"
    yield duration_text(stage.total_s)
    yield "" if reported is None else " to ".join(duration_text(each) for each in reported)
    yield stage.strategy.words().removeprefix("data streamed, ")


def _need(variant: Variant, stage: StageSettings, step: Step) -> Need:
    lat, lon = variant.axes()
    size = 4 * _FRAMES * len(lat) * len(lon) * (variant.channels + variant.forcings)
    return Need(
        name=stage.name,
        step=rolled(step, stage.rollout),
        samples=stage.steps * stage.batch,
        epochs=1,
        data_bytes=size,
        placements=("streamed",),
        precisions=("bfloat16",),  # as they were trained
        rollout=stage.rollout,
        assumed=f"39 years of states, {size / 1e12:.1f} TB in single precision, arrive as fast as they are used",
    )
