"""Forecasts that are issued, kept and scored by themselves, seen on a page and answered by an API."""
