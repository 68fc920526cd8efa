"""The three tasks: detection, phase identification, onset picking; targets, answers and scores."""
