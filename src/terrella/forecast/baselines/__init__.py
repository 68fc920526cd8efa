"""What a forecast is judged beside besides ETAS."""
