"""Fingerprints other than a CNN's: features of images that do not need to know where an image begins in the sub-pixel grid, and linear models."""
