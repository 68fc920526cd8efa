"""Forecasts judged by the definitions of WeatherBench 2."""
