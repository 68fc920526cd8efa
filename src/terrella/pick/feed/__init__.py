"""From a store to batches: windows, augmentation, normalisation and labels, a whole batch at a time."""
