"""Classes of documents and sentences: a network beside TF–IDF with logistic regression, and the commonest class."""
