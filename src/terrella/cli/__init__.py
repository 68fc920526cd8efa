"""The command line: one module per task, thin over the task's own functions."""
