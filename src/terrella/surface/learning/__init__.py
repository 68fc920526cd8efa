"""What is learned of the detail that a smooth surface lacks."""
