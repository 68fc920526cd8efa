"""The verbs of `terrella pick` that are its own."""

from terrella.cli.pick.associate import associate
from terrella.cli.pick.compare import compare
from terrella.cli.pick.data import data
from terrella.cli.pick.demo import demo
from terrella.cli.pick.judge import judge
from terrella.cli.pick.predict import predict
from terrella.cli.pick.show import show
from terrella.cli.pick.watch import watch

run = predict  # its name of before

__all__ = ["associate", "compare", "data", "demo", "judge", "predict", "run", "show", "watch"]
