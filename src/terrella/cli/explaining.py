"""`terrella <task> explain`, made of the registry."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from terrella.cli.flags import Output, bundle_there, input_there, shown
from terrella.cli.tasks import Door, asked_model, load_task
from terrella.engine.settings import load_settings

_Method = Literal["integrated", "occlusion", "shap", "lime", "ascent", "deeplift", "lrp"]


def explain_command(name: str, door: Door) -> Callable[..., None]:
    """Return the command of a task."""
    model: Any = asked_model(door)

    def explain(
        given: str,
        *,
        bundle: str,
        output: Output,
        method: _Method = "integrated",
        seed: int = 0,
        asked: Any = None,
    ) -> None:
        input_there(given, door.asked_of)
        if (folder := bundle_there(bundle, name)) is not None:
            from terrella.engine.use.header import refuse_compressed

            refuse_compressed(folder)
        from terrella.engine.explain.run import explain_answer

        overrides = asked.model_dump(exclude_unset=True) if asked is not None else {}
        chosen = load_settings(model, None, overrides)
        shown(
            lambda report: explain_answer(
                load_task(name), given, bundle, output, chosen, method, report, seed
            )
        )

    explain.__doc__ = f"""Say what in the input made an answer: how much each part adds, and whether to believe it.

    Parts, a report with figures, and the checks: completeness, random weights, noise, parts taken away.

    Example: terrella {name} explain {door.examples["explain"]}

    Parameters
    ----------
    given
        {door.asked_of}
    bundle
        A trained model: a bundle's folder, a run's, or the name of a run in runs/{name}.
    output
        Every element of the input with what it adds: .nc, .csv or .json; report and figures lie beside it.
    method
        integrated gradients, occlusion, KernelSHAP, LIME, gradient ascent (which input raises the answer); DeepLift
        and LRP are refused where they are wrong on the network.
    seed
        Of draws.
    """
    flags = Annotated[
        model | None, Parameter(name="*", negative_iterable=(), consume_multiple=True, group="Question")
    ]
    explain.__annotations__ |= {"asked": flags}
    return explain
