"""Annual means of observatories, from the formats that they are published in."""
