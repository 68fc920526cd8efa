"""`terrella segment`: arrivals in sections, faults and horizons in volumes, sample by sample."""

from cyclopts import App

from terrella.cli.segment.data import data
from terrella.cli.segment.demo import demo
from terrella.cli.segment.judge import judge
from terrella.cli.segment.plan import plan
from terrella.cli.segment.predict import predict
from terrella.cli.segment.show import show
from terrella.cli.segment.train import train

segment = App(
    name="segment",
    help="Detection sample by sample in sections and volumes: microseismic arrivals, faults, horizons.",
)
for command in (demo, data, plan, train, judge, predict, show):
    segment.command(command)
