"""Global weather forecasts: a mesh network in the manner of GraphCast, beside persistence and climatology."""
