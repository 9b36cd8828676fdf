"""The photographs in numbers (Table A.1), a photo set and split a row, beside the paper's."""

from __future__ import annotations

import pandas as pd

from .. import paper

SETS = {"div2k": "DIV2K", "flickr2k": "Flickr2K", "classify": "Flickr1K"}  # our roles, and the paper's sets that play them
ORDER = ("div2k", "flickr2k", "stand-ins", "classify", "train", "test", "validation")


def table_a1(photographs: pd.DataFrame) -> pd.DataFrame:
    """One row a role and split of the first run, beside the row of the paper's set with the same part in the study.

    ``photographs`` is the table of `srfp_lib.photos.statistics.rows`. Means and SD (n - 1) over photographs. The paper's
    rows go by their likely split: its labels of Flickr1K's train and test rows are surely swapped (D12). Parts that we do
    not have stay as rows with the paper's numbers alone.
    """
    table = _ours(photographs).merge(_papers(), on=["role", "split"], how="outer")
    table = table.astype({"n_images": "Int64", "paper_n_images": "Int64"})
    return table.sort_values(["role", "split"], key=lambda names: names.map(ORDER.index), ignore_index=True)


def _ours(photographs: pd.DataFrame) -> pd.DataFrame:
    grouped = photographs.assign(pixels=photographs["width"] * photographs["height"]).groupby(["role", "split"], sort=False)
    return pd.DataFrame({
        "n_images": grouped.size(), "pixels_per_image": grouped["pixels"].mean(),
        "png_bits_per_pixel": grouped["png_bits_per_pixel"].mean(), "png_bits_per_pixel_sd": grouped["png_bits_per_pixel"].std(),
        "grey_entropy_bits": grouped["grey_entropy_bits"].mean(), "grey_entropy_bits_sd": grouped["grey_entropy_bits"].std(),
    }).reset_index()  # fmt: skip


def _papers() -> pd.DataFrame:
    printed = paper.dataset_statistics()
    roles = {title: role for role, title in SETS.items()}
    return pd.DataFrame({
        "role": printed["dataset"].map(roles), "split": printed["likely_true_split"], "paper_set": printed["dataset"],
        "paper_split_as_printed": printed["split_as_printed"], "paper_n_images": printed["n_images"],
        "paper_pixels_per_image": printed["pixels_per_image"],
        "paper_png_bits_per_pixel": printed["png_bits_per_pixel_mean"], "paper_png_bits_per_pixel_sd": printed["png_bits_per_pixel_sd"],
        "paper_grey_entropy_bits": printed["grey_entropy_bits_mean"], "paper_grey_entropy_bits_sd": printed["grey_entropy_bits_sd"],
    })  # fmt: skip
