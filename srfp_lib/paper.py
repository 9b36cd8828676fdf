"""The paper's own numbers, typed from the paper and its result files (`data/paper`), as data frames.

Fractions, population standard deviations, PSNR in dB; a cell is empty where the paper has no number.
"""

from __future__ import annotations

from functools import cache
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


@cache
def _read(name: str) -> pd.DataFrame:
    import pandas as pd

    path = FOLDER / f"{name}.csv"
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise UserError(f"the paper's numbers in '{path}' cannot be read ({error}): restore the file from the repository") from None


def table_1() -> pd.DataFrame:
    """The 25 published networks (Table 1)."""
    return _read("table_1").copy()


def table_2() -> pd.DataFrame:
    """205-way accuracy of four classifiers (Table 2)."""
    return _read("table_2").copy()


def table_3() -> pd.DataFrame:
    """180-way accuracy by hyperparameter (Table 3), and the two differences of the text."""
    return _read("table_3").copy()


def table_4() -> pd.DataFrame:
    """The parsers' accuracies (Table 4): 18 cells, 6 dashes, 4 chance values."""
    return _read("table_4").copy()


def seeds() -> pd.DataFrame:
    """The seed triplets (the table inside Figure 4)."""
    return _read("seeds").copy()


def quality() -> pd.DataFrame:
    """PSNR and LPIPS of all 205 networks (appendix)."""
    return _read("published_quality").copy()


def pretrained_attribution() -> pd.DataFrame:
    """25-way accuracy by group (section 4.1.2): all, 2X with all eight, 4X L1, 4X adversarial."""
    return _read("pretrained_attribution").copy()


def figure_6(which: str) -> pd.DataFrame:
    """The matrix of Figure 6, "seen" or "unseen": a square frame with the 25 model_ids on both sides (D3: squared distances)."""
    return _read(f"figure_6_{which}").set_index("model_id")


def figure_7() -> pd.DataFrame:
    """The parsers' answers on the published networks (Figure 7), a row per cell."""
    return _read("figure_7").copy()


def claims() -> pd.DataFrame:
    """The 56 testable claims of the paper."""
    return _read("claims").copy()


def panels() -> pd.DataFrame:
    """The accuracies printed in Figures 3 and 5, and those of the other classifier runs."""
    return _read("figure_3_and_5").copy()


def dataset_statistics() -> pd.DataFrame:
    """Table A.1, with the most likely split of each row beside the printed one (D12)."""
    return _read("dataset_statistics").copy()


def verdict_rules() -> pd.DataFrame:
    """Our rules for judging the claims, written before the runs that they judge."""
    return _read("verdict_rules").copy()
