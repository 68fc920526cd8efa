"""`terrella weather plan --variant`: a published network, beside what its training took."""

from terrella.cli.planning import Limiting, limits_of

_ASSUMED_RAM = 128e9  # beside each device of another machine


def plan_variant(name: str, limiting: Limiting, devices: int) -> None:
    """Print the plan of a published variant's stages, beside the published figures, as far as they fit.

    Raises:
        DoesNotFitError: where a stage fits in no way, after the plan of those before it.
        InputError: where there is no such variant or device, or a size is none.
    """
    from terrella.engine.plan.devices import find_device
    from terrella.engine.plan.plan import available_memory
    from terrella.engine.terminal import console, say
    from terrella.weather.planning import beside_published, variant_table
    from terrella.weather.planning import plan_variant as planned
    from terrella.weather.variants import find_variant

    variant, device = find_variant(name), find_device(limiting.on)
    # Of another machine the RAM is not known.
    memory = available_memory() if limiting.on == "this" else devices * _ASSUMED_RAM
    made, failed = planned(variant, limits_of(limiting, memory, (devices,)), device)
    if limiting.run is not None:
        made.save(limiting.run)
    console().print(variant_table(variant, made))
    for line in beside_published(variant, made):
        say(line)
    say(f"assumed: {made.stages[0].assumed}")
    if failed is not None:
        raise failed
