"""Flickr1K from scratch (paper, section 3.2): photographs of five tags, with an owner, a licence and a camera each.

`build` searches Flickr, `rebuild` makes the set of a list again; a folder of either holds

    photographs.csv                              the list, which rebuilds the set
    photographs/ID_SECRET.png                    prepared photographs, named as the authors named theirs
    train-split.txt val-split.txt test-split.txt one file name a line, as in the authors' release (D35)
    state/                                       what a run that was stopped goes on from
"""

from .api import Flickr, key_from_environment
from .builder import Plan, build
from .rebuild import rebuild
from .table import read_table

__all__ = ["Flickr", "Plan", "build", "key_from_environment", "read_table", "rebuild"]
