"""Classifiers that attribute and parse: bodies, the two training recipes, the linear probe beside a head, and predictions on disk."""
