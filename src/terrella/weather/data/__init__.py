"""Fields: opened, checked, regridded, stored, and fed."""
