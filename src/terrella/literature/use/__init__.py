"""What is made of texts: entities, key phrases, summaries, a graph, searches."""
