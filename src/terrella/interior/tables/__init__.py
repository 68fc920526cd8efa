"""Tables of mineral physics: properties of a rock by pressure and temperature."""
