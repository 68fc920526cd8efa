"""The learned residual: folds, network, training."""
