"""A package's table of contents: its public names, each loaded when it is first used."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def loader(package: str, public: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's `__getattr__` and `__dir__` for names that lie in the modules `public` says."""

    def load(name: str) -> Any:
        if name not in public:
            raise AttributeError(f"{package} has no {name!r}; it has {', '.join(public)}")
        return getattr(import_module(public[name]), name)

    return load, lambda: sorted(public)
