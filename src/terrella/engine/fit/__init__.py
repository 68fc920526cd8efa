"""Train in stages; survive a kill; resume exactly."""

from terrella.engine.fit.stage import Stage
from terrella.engine.fit.training import Training, train
from terrella.engine.run import Report

__all__ = ["Report", "Stage", "Training", "train"]
