"""`terrella <task> explain`, once for every task."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from terrella.engine.explain.checks import curves, sanity
from terrella.engine.explain.methods import Method, check_installed, explain
from terrella.engine.explain.page import ranked, write_page
from terrella.engine.explain.question import Explanation
from terrella.engine.explain.writing import check_output, write_explanation
from terrella.engine.run import Report
from terrella.engine.task import Task
from terrella.errors import InputError

_SHOWN = 5


def explain_answer(
    task: Task[Any, Any],
    given: str,
    bundle: str,
    output: Path,
    asked: BaseModel,
    method: Method,
    report: Report,
    seed: int = 0,
) -> list[str]:
    """Explain one answer of a bundle; write its parts, a report and figures; return lines on them.

    Raises:
        InputError: where bundle, input or question are at fault, or the method is not right on the network.
        TerrellaError: where integrated gradients do not become complete.
    """
    check_output(output)
    check_installed()
    if task.question is None:
        raise InputError(f"{task.name} has no explain yet")
    question = task.question(given, bundle, asked, report)
    report({"kind": "message", "message": f"{method}: {len(question.names):,} parts"})
    found = explain(question, method, seed)
    said, told, shown = [found.said], {}, None
    if method != "ascent":
        report({"kind": "message", "message": "weights drawn anew, noise, and parts in random orders"})
        checked, shown = sanity(found, seed), curves(found, seed)
        said += [*checked.lines, shown.line]
        told = {
            "rank_correlation_random_weights": checked.random_weights,
            "rank_correlation_noise": checked.noise,
            **{f"area_{name.replace(' ', '_')}": each for name, each in shown.areas().items()},
        }
    write_explanation(found, output, told)
    written = [output, *write_page(found, said[:3], shown, output)]
    return [*_lines(found), *question.said, *said, *(f"written {path}" for path in written)]


def _lines(found: Explanation) -> list[str]:
    question = found.question
    lines = [f"{question.title}: {found.output:.4g} {question.unit}"]
    if found.method == "ascent":
        return lines
    lines.append(f"{question.baseline_means}: {found.reference:.4g} {question.unit}")
    return lines + [f"{share:+.1%} {name}" for name, _, share in ranked(found)[:_SHOWN]]
