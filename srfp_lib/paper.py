"""The paper's own numbers, typed from the paper and its result files (`data/paper`), as data frames.

Fractions, population standard deviations, PSNR in dB; a cell is empty where the paper has no number.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .common.checkout import DATA
from .common.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

FOLDER = DATA / "paper"
_SPELLED = {
    "2": "2X", "4": "4X", "VGG_GAN": "VGG+adv", "ResNet_GAN": "ResNet+adv", "div2k": "DIV2K", "flickr2k": "Flickr2K",
    "quarter_div2k": "quarter DIV2K", "quarter_flickr2k": "quarter Flickr2K",
}  # fmt: skip


def spelled(value: object) -> str:
    """The paper's spelling of a hyperparameter's value.

    >>> spelled("VGG_GAN"), spelled(4), spelled("EDSR")
    ('VGG+adv', '4X', 'EDSR')
    """
    return _SPELLED.get(str(value), str(value))


def table(name: str) -> pd.DataFrame:
    """A file of `data/paper`, such as "table_3", or "seeds", the table inside Figure 4.

    Of these "claims" words the paper's 56 testable claims, and "verdict_rules" is ours, written before the runs that it judges.
    """
    return _read(FOLDER / f"{name}.csv").copy()


@cache
def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise UserError(f"the paper's numbers in '{path}' cannot be read ({error}): restore the file from the repository") from None


def figure_6(which: str) -> pd.DataFrame:
    """The matrix of Figure 6, "seen" or "unseen": a square frame with the 25 model_ids on both sides (D3: squared distances)."""
    return table(f"figure_6_{which}").set_index("model_id")
