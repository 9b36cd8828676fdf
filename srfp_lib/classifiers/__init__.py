"""Classifiers that attribute and parse: crops, backbones, the two training recipes, and the PRNU baseline."""
