"""Catalogues of earthquakes and forecasts of them: the formats of services, centres and CSEP."""
