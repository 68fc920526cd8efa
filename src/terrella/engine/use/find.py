"""Where a bundle lies; told before anything is imported that reads it."""

from pathlib import Path

from terrella.errors import InputError

RELEASED = Path(__file__).parents[2] / "released"  # bundles that come with the package, by task and name
WEIGHTS, SETTINGS, ONNX = "model.safetensors", "settings.toml", "model.onnx"


def find_bundle(given: Path, task: str) -> Path:
    """Return the folder that holds the bundle.

    Raises:
        InputError: where there is none.
    """
    places = [given, given / "model"]
    if len(given.parts) == 1:
        places += [Path("runs", task, given, "model"), RELEASED / task / given]
    for place in places:
        if (place / WEIGHTS).is_file() and (place / SETTINGS).is_file():
            return place
    if not given.exists():
        released = ", ".join(sorted(each.name for each in (RELEASED / task).glob("*")))
        raise InputError(
            f"bundle {given} is not there; give the folder of a bundle, or of a finished run"
            + (f", or one of the released ones: {released}" if released else "")
        )
    missing = [name for name in (WEIGHTS, SETTINGS) if not (given / name).is_file()]
    raise InputError(
        f"{given} is no bundle: {' and '.join(missing)} missing; give the folder `model` of a finished run"
    )
