"""Table A.1: means by role and split, each beside the row of the paper with the same part."""

import pandas as pd
import pytest

from srfp_lib.experiments import photographs


def counted():
    rows = [("div2k", "train", 10, 20, 12.0, 7.0), ("div2k", "train", 20, 20, 14.0, 8.0), ("development", "train", 5, 5, 3.0, 4.0),
            ("classify", "test", 8, 4, 9.0, 6.0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["role", "split", "width", "height", "png_bits_per_pixel", "grey_entropy_bits"])


@pytest.fixture
def table():
    return photographs.table_a1(counted()).set_index(["role", "split"])


def test_means_and_spreads_are_over_photographs(table):
    row = table.loc["div2k", "train"]
    assert (row["n_images"], row["pixels_per_image"], row["png_bits_per_pixel"], row["grey_entropy_bits"]) == (2, 300, 13, 7.5)
    assert row["png_bits_per_pixel_sd"] == pytest.approx(2**0.5) and pd.isna(table.loc["classify", "test"]["grey_entropy_bits_sd"])


def test_all_rows_of_the_paper_are_there_by_their_likely_split(table):
    assert table["paper_set"].notna().sum() == 8 and len(table) == 9
    assert table.loc["classify", "test"]["paper_split_as_printed"] == "train" and table.loc["classify", "train"]["paper_n_images"] == 798
    assert pd.isna(table.loc["development", "train"]["paper_set"]) and pd.isna(table.loc["flickr2k", "validation"]["n_images"])


def test_training_sets_come_first(table):
    assert list(dict.fromkeys(table.index.get_level_values(0))) == ["div2k", "flickr2k", "development", "classify"]
    assert list(table.loc["classify"].index) == ["train", "test", "validation"]
