"""How much is in the photographs? Table A.1, a row per photo set and split, beside the paper's."""

from __future__ import annotations

import pandas as pd

from .. import paper

ROLES = {"DIV2K": "div2k", "Flickr2K": "flickr2k", "Flickr1K": "classify"}  # the role here of each set of the paper
ORDER = ("div2k", "flickr2k", "development", "classify", "train", "test", "validation")


def table_a1(photographs: pd.DataFrame) -> pd.DataFrame:
    """One row per role and split of the first run, beside the set with that role in the paper; means and SD (n - 1) over photographs.

    ``photographs`` is the table of `srfp_lib.photos.statistics.rows`. The paper's rows go by their likely split: its labels of
    Flickr1K's train and test rows are surely swapped (D12). Sets that this run lacks have the paper's numbers alone.
    """
    grouped = photographs.assign(pixels=photographs["width"] * photographs["height"]).groupby(["role", "split"], sort=False)
    ours = grouped.agg(
        n_images=("pixels", "size"), pixels_per_image=("pixels", "mean"),
        png_bits_per_pixel=("png_bits_per_pixel", "mean"), png_bits_per_pixel_sd=("png_bits_per_pixel", "std"),
        grey_entropy_bits=("grey_entropy_bits", "mean"), grey_entropy_bits_sd=("grey_entropy_bits", "std"),
    )  # fmt: skip
    printed = paper.table("dataset_statistics").rename(columns=lambda name: f"paper_{name.removesuffix('_mean')}")
    printed = printed.rename(columns={"paper_dataset": "paper_set", "paper_likely_true_split": "split"})
    printed["role"] = printed["paper_set"].map(ROLES)
    table = ours.reset_index().merge(printed, on=["role", "split"], how="outer")
    table = table.astype({"n_images": "Int64", "paper_n_images": "Int64"})
    return table.sort_values(["role", "split"], key=lambda names: names.map(ORDER.index), ignore_index=True)
