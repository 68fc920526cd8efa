"""What a forecast must beat: persistence, climatology, damped persistence, and the solver itself, coarser."""
