"""A trained surface applied to grids of any size, a tile at a time."""
