"""Several kinds of one task, with the same settings; settings and bundles say which kind is in hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from terrella.engine.run import Report, Run
from terrella.engine.settings import load_settings, parse_settings
from terrella.engine.task import Settings, Task
from terrella.engine.use.bundle import Bundle, load_bundle


def either(first: Task[Settings, Any], of: Callable[[Settings], Task[Settings, Any]]) -> Task[Settings, Any]:
    """Return the task that does as the kind in hand does; what no settings choose is that of the first kind."""

    def by(bundle: Bundle) -> Task[Settings, Any]:
        return of(parse_settings(first.settings, bundle.settings, bundle.where))

    def held(where: str) -> Task[Settings, Any]:
        return by(load_bundle(Path(where), first.name))

    def question(given: str, bundle: str, asked: Any, report: Report) -> Any:
        ask = held(bundle).question
        assert ask is not None  # a kind has one where the first has
        return ask(given, bundle, asked, report)

    def cites(run: Run) -> Any:
        return of(load_settings(first.settings, run.settings, task=first.name)).cites(run)

    return replace(
        first,
        open=lambda settings, report: of(settings).open(settings, report),
        prepare=lambda settings, *more: of(settings).prepare(settings, *more),
        stages=lambda settings, data, samples: of(settings).stages(settings, data, samples),
        network=lambda settings, data, fed: of(settings).network(settings, data, fed),
        finish=lambda trained, report: of(trained.settings).finish(trained, report),
        judge=lambda asked, report: by(asked.bundle).judge(asked, report),
        predict=lambda given, bundle, *more, **options: held(bundle).predict(given, bundle, *more, **options),
        cites=cites,
        question=question,
    )
