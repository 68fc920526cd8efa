"""Training as planned: the plan in a run's folder is followed, and one is made where there is none."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from terrella.engine.fit import Report, Training
from terrella.engine.fit.processes import world
from terrella.engine.memory import release_freed_memory
from terrella.engine.plan.amounts import duration_text, size_text
from terrella.engine.plan.check import Check
from terrella.engine.plan.memory.recompute import checkpointed
from terrella.engine.plan.plan import Plan, available_memory, load_plan, plan
from terrella.engine.plan.report import ran_out
from terrella.engine.plan.strategy import Limits, Need, Placement
from terrella.errors import DoesNotFitError, is_out_of_memory


def make_plan(task: str, needs: Callable[[], Sequence[Need]], folder: Path, report: Report) -> Plan:
    """Return the plan that `terrella TASK plan --run` left in a run's folder, or a new one, which is left there.

    A plan for another number of processes than are at work is made again, within its limits. The C library is told
    how to treat freed memory; call it before data are read.

    Raises:
        DoesNotFitError: where the training fits in no way.
    """
    made = load_plan(folder)
    if made is None or any(stage.strategy.processes != world() for stage in made.stages):
        limits = Limits(available_memory()) if made is None else made.limits
        if made is not None:
            told = f"the plan in {folder} is for another number of processes than {world()}: planned again"
            report({"kind": "message", "message": told})
        made = plan(task, needs(), replace(limits, processes=(world(),)))
        made.save(folder)
    made.set_allocator()
    for stage in made.stages:
        taken = size_text(stage.device or stage.ram)
        lasts = f"{duration_text(stage.step_s)} a step, {duration_text(stage.total_s)} at most"
        line = f"planned for {stage.name}: {stage.strategy.words()}; {taken} at the peak, {lasts}"
        report({"kind": "message", "message": line})
    return made


def as_planned(training: Training, made: Plan | None, folder: Path) -> Training:
    """Return a training whose stages run their strategies, and are compared with them.

    What was done to prepare it leaves no freed memory in the heap, for that is in no plan. The network and how its
    weights are held are the same in all stages: what one of them needs, all have.
    """
    if made is None:
        return training
    release_freed_memory()
    chosen = [made.stage(stage.name).strategy for stage in training.stages]
    recompute = any(strategy.checkpointing for strategy in chosen)
    return replace(
        training,
        network=checkpointed(training.network) if recompute else training.network,
        sharded=training.sharded or any(strategy.sharded for strategy in chosen),
        stages=tuple(
            replace(
                stage,
                accumulation=max(training.of_stage(number).accumulation, strategy.accumulation),
                precision=strategy.precision,
                observer=Check(made, stage.name, folder, strategy.accumulation, strategy.precision),
            )
            for number, (stage, strategy) in enumerate(zip(training.stages, chosen, strict=True))
        ),
    )


def planned_placement(made: Plan | None, stage: str) -> Placement | None:
    """Return where the data of a stage are to lie; None without a plan."""
    return made.stage(stage).strategy.placement if made is not None else None


@contextmanager
def explained(made: Plan | None) -> Iterator[None]:
    """Say what the plan said, and what to lower, where memory runs out within.

    Raises:
        DoesNotFitError: in place of what was raised.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if made is None or not is_out_of_memory(error):
            raise
        raise DoesNotFitError(ran_out(made)) from None
