"""The two kinds of `motion`, of flatfiles and of waveforms, as one task: settings and bundles say which."""

from pathlib import Path
from typing import Any

from terrella.engine.run import Run
from terrella.engine.settings import load_settings, parse_settings
from terrella.engine.task import Task
from terrella.engine.use.bundle import Bundle, load_bundle
from terrella.motion.settings import MotionSettings

Kinds = dict[str, Task[MotionSettings, Any]]


def either(kinds: Kinds) -> Task[MotionSettings, Any]:
    """Return the task whose every function is that of the kind in hand."""
    first = next(iter(kinds.values()))

    def of(settings: MotionSettings) -> Task[MotionSettings, Any]:
        return kinds[settings.data.kind]

    def by(bundle: Bundle) -> Task[MotionSettings, Any]:
        return of(parse_settings(MotionSettings, bundle.settings, bundle.where))

    def held(where: str) -> Task[MotionSettings, Any]:
        return by(load_bundle(Path(where), first.name))

    def question(given: str, bundle: str, asked: Any, report: Any) -> Any:
        ask = held(bundle).question
        assert ask is not None  # both kinds have one
        return ask(given, bundle, asked, report)

    def cites(run: Run) -> Any:
        return of(load_settings(MotionSettings, run.settings, task=first.name)).cites(run)

    return Task(
        name=first.name,
        settings=MotionSettings,
        open=lambda settings, report: of(settings).open(settings, report),
        stages=lambda settings, data, samples: of(settings).stages(settings, data, samples),
        network=lambda settings, data, fed: of(settings).network(settings, data, fed),
        finish=lambda trained, report: of(trained.settings).finish(trained, report),
        judge=lambda asked, report: by(asked.bundle).judge(asked, report),
        predict=lambda given, bundle, *more, **options: held(bundle).predict(given, bundle, *more, **options),
        demo=lambda run, report, seed=0, flatfile=None, kind="flatfile": kinds[kind].demo(
            run, report, seed, flatfile
        ),
        cites=cites,
        question=question,
        compression=first.compression,  # why there is none: the same holds for both
    )
