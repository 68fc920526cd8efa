"""`terrella pick`: phase picks from waveforms, by pickers that were compared honestly."""

from cyclopts import App

from terrella.cli.pick.associate import associate
from terrella.cli.pick.compare import compare
from terrella.cli.pick.data import data
from terrella.cli.pick.demo import demo
from terrella.cli.pick.judge import judge
from terrella.cli.pick.run import run
from terrella.cli.pick.train import train
from terrella.cli.plan import pick_plan

pick = App(
    name="pick",
    help="Seismic phase picking: which picker fits your data, and picks of continuous records.",
)
for command in (demo, data, train, judge, compare, associate, run):
    pick.command(command)
pick.command(pick_plan, name="plan")
