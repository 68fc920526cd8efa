"""`terrella weather plan`: of a training of one's own, or of a published variant beside what its training took."""

from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from terrella.cli.flags import SETTINGS
from terrella.cli.planning import Limiting, show_plan
from terrella.engine.settings import load_settings
from terrella.weather.settings import WeatherSettings

_ASSUMED_RAM = 128e9  # beside each device of another machine


def plan(
    store: Annotated[str | None, Parameter(name="--store")] = None,
    *,
    variant: str | None = None,
    devices: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
    samples: int | None = None,
    limiting: Limiting | None = None,
    settings: Annotated[WeatherSettings | None, SETTINGS] = None,
) -> None:
    """Say how much memory a training takes and how long it lasts; nothing is read or trained.

    Example: terrella weather plan --variant 0.25-37 --on tpu-v4 --devices 32

    Parameters
    ----------
    store
        Store that `data` wrote; by default a planet is simulated.
    variant
        A published network in place of one's own, beside what its training took: 0.25-37, 0.25-13-operational or
        1.0-13-small.
    devices
        Of a variant: how many share each batch.
    samples
        Number of samples in an epoch, in place of those of the data or the settings.
    """
    limiting = limiting or Limiting()
    if variant is not None:
        plan_variant(variant, limiting, devices)
        return
    overrides: dict[str, Any] = settings.model_dump(exclude_unset=True) if settings is not None else {}
    if store is not None:
        overrides.setdefault("data", {})["store"] = store
    config = limiting.config
    if config is None and limiting.run is not None and (limiting.run / "settings.toml").is_file():
        config = limiting.run / "settings.toml"
    show_plan("weather", load_settings(WeatherSettings, config, overrides, "weather"), samples, limiting)


def plan_variant(name: str, limiting: Limiting, devices: int) -> None:
    """Print the plan of a published variant's stages, beside the published figures.

    Raises:
        DoesNotFitError: where a stage fits in no way.
        InputError: where there is no such variant or device, or a size is none.
    """
    from terrella.engine.plan.amounts import parse_duration, parse_size
    from terrella.engine.plan.devices import find_device
    from terrella.engine.plan.plan import available_memory
    from terrella.engine.plan.strategy import Limits
    from terrella.engine.terminal import console, say
    from terrella.weather.planning import beside_published, variant_table
    from terrella.weather.planning import plan_variant as planned
    from terrella.weather.variants import find_variant

    variant, device = find_variant(name), find_device(limiting.on)
    # Of another machine the RAM is not known.
    memory = available_memory() if limiting.on == "this" else devices * _ASSUMED_RAM
    limits = Limits(
        parse_size(limiting.memory) if limiting.memory else memory,
        parse_size(limiting.device_memory) if limiting.device_memory else None,
        parse_duration(limiting.deadline) if limiting.deadline else None,
        (devices,),
    )
    made = planned(variant, limits, device)
    if limiting.run is not None:
        made.save(limiting.run)
    console().print(variant_table(variant, made))
    for line in beside_published(variant, made):
        say(line)
    say(f"assumed: {made.stages[0].assumed}")
