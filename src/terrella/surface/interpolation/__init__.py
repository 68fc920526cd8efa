"""What one would use instead: bicubic splines, thin plates, kriging, synthesis from a spectrum."""
