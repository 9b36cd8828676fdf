"""The checkout: the notebooks, the book, the small tables in `data` and, by default, the runs lie in it."""

from pathlib import Path

HOME = Path(__file__).parents[2]
DATA = HOME / "data"
