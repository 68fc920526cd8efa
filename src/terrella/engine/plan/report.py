"""A plan in lines and a table for the terminal."""

from collections.abc import Iterator

from rich.table import Table

from terrella.engine.plan.amounts import duration_text, size_text, typed_size
from terrella.engine.plan.plan import Measured, Plan, StagePlan

_PARTS = ("parameters", "copies", "gradients", "optimiser", "batch", "activations", "workspace")


def table(plan: Plan) -> Table:
    """Return the plan as a table, a column per stage."""
    made = Table(title=f"{plan.task} on {plan.device}", title_justify="left")
    made.add_column("")
    for stage in plan.stages:
        made.add_column(stage.name, justify="right")
    for part in _PARTS:
        made.add_row(part, *(size_text(getattr(stage.memory, part)) for stage in plan.stages))
    made.add_section()
    made.add_row("peak, RAM", *(size_text(stage.ram) for stage in plan.stages))
    if plan.kind != "cpu":
        made.add_row("peak, device", *(size_text(stage.device) for stage in plan.stages))
    made.add_section()
    if any(stage.rollout > 1 for stage in plan.stages):
        made.add_row("roll-out", *(f"{stage.rollout} steps" for stage in plan.stages))
    made.add_row("step", *(_step(stage) for stage in plan.stages))
    made.add_row("epoch", *(f"{stage.steps} steps, {duration_text(stage.epoch_s)}" for stage in plan.stages))
    made.add_row(
        "in all", *(f"{stage.epochs} epochs, {duration_text(stage.total_s)}" for stage in plan.stages)
    )
    made.add_row("bytes read", *(size_text(stage.bytes_read) for stage in plan.stages))
    made.add_row("bound by", *(stage.bound for stage in plan.stages))
    return made


def reasons(plan: Plan) -> Iterator[str]:
    """Return what was chosen and why, and the next-best ways, a line each."""
    for stage in plan.stages:
        limit = f"{size_text(plan.limits.memory)} of RAM"
        if plan.limits.device_memory:
            limit += f" and {size_text(plan.limits.device_memory)} on the device"
        yield f"{stage.name}: {stage.strategy.words()}; within {limit}"
        if stage.assumed:
            yield f"  assumed: {stage.assumed}"
        yield from (f"  {line}" for line in _given_up(plan, stage))
        for other in stage.others:
            taken = size_text(other.device or other.ram)
            yield f"  next: {other.strategy.words()} ({taken}, {duration_text(other.seconds)})"


def beside(plan: Plan) -> Iterator[str]:
    """Return predicted beside measured, a line per stage that was measured."""
    for measured in plan.measured:
        stage = plan.stage(measured.stage)
        yield f"{stage.name}: {', '.join(_pairs(stage, measured))}"


def ran_out(plan: Plan) -> str:
    """Return what the plan said, and what to lower, where memory ran out nevertheless."""
    stage = max(plan.stages, key=lambda each: each.device or each.ram)
    where, said = ("device", stage.device) if stage.device else ("RAM", stage.ram)
    parts = stage.strategy.accumulation
    return (
        f"memory ran out; the plan said {size_text(said)} of {where} for {stage.name}, most of it "
        f"{_largest(stage)}; plan again with a lower limit, as by --{'device-' * bool(stage.device)}memory "
        f"{typed_size(said * 0.8)}, or choose a smaller --fit.batch (now {stage.batch} in {parts})"
    )


def _largest(stage: StagePlan) -> str:
    return max(_PARTS, key=lambda part: int(getattr(stage.memory, part)))


def _pairs(stage: StagePlan, measured: Measured) -> Iterator[str]:
    yield (
        f"a step took {duration_text(measured.step_s)}, predicted {duration_text(stage.step_s)} "
        f"({stage.step_s / measured.step_s - 1:+.0%})"
    )
    if measured.ram:
        error = stage.ram / measured.ram - 1
        yield f"RAM {size_text(measured.ram)}, predicted {size_text(stage.ram)} ({error:+.0%})"
    if measured.device and stage.device:
        error = stage.device / measured.device - 1
        yield f"device {size_text(measured.device)}, predicted {size_text(stage.device)} ({error:+.0%})"


def _step(stage: StagePlan) -> str:
    low, high = duration_text(stage.step_low_s), duration_text(stage.step_high_s)
    return f"{duration_text(stage.step_s)} ({low} to {high})"


def _given_up(plan: Plan, stage: StagePlan) -> Iterator[str]:
    strategy, memory = stage.strategy, stage.memory
    if strategy.placement == "streamed":
        yield "data are read as they are needed: held whole they would not fit"
    if strategy.placement == "preloaded" and plan.kind != "cpu":
        yield "data stay in RAM, batches are copied to the device"
    if strategy.allocator == "return":
        less = size_text(memory.kept - memory.returned)
        yield f"freed memory is given back ({less} less), which makes steps 1.5 to 2.7 times as long"
    if strategy.accumulation > 1:
        yield f"a batch of {stage.batch} is computed in {strategy.accumulation} parts, gradients are added up"
    if strategy.checkpointing:
        yield "activations are computed again for the gradient, about a third more work"
    if strategy.precision == "bfloat16":
        yield "products are computed in bfloat16: losses agree with float32's to about three digits"
    if strategy.processes > 1:
        yield f"{strategy.processes} processes share each batch"
    if strategy.sharded:
        yield "weights, gradients and the optimiser's numbers are spread over the processes"
