"""How good a forecast was, and the report that says so."""
