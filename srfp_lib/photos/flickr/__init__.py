"""Flickr1K from scratch (paper, section 3.2): photographs of five tags, each with its owner, licence and camera.

`build` searches Flickr, `rebuild` recreates a set from its list; both leave a folder with

    photographs.csv                              the list, which rebuilds the set
    photographs/ID_SECRET.png                    prepared photographs, named as in the authors' release
    train-split.txt val-split.txt test-split.txt one file name per line, as in the authors' release (D35)
    state/                                       what an interrupted run resumes from
"""

from .api import ADDRESS, Flickr, key_from_environment
from .builder import LICENCES, Plan, build, rebuild
from .state import report
from .table import read_table

__all__ = ["ADDRESS", "LICENCES", "Flickr", "Plan", "build", "key_from_environment", "read_table", "rebuild", "report"]
