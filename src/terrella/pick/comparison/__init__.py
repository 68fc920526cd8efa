"""Every picker on every data set: the matrix, its report, and what it recommends."""
