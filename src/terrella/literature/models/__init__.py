"""Classical models of entities: a gazetteer and conditional random fields."""
