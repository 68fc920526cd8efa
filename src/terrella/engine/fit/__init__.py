"""Train in stages; survive a kill; resume exactly."""

from terrella.engine.fit.launch import by_the_first, first_process_first, joined_processes
from terrella.engine.fit.stage import Stage
from terrella.engine.fit.training import Training, train
from terrella.engine.run import Report

__all__ = ["Report", "Stage", "Training", "by_the_first", "first_process_first", "joined_processes", "train"]
