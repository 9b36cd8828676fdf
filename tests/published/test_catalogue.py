"""The table of the published networks."""

import sys

import numpy as np
import pytest

from srfp_lib import fleet
from srfp_lib.common.errors import UserError
from srfp_lib.published import catalogue, network
from srfp_lib.published.catalogue import row, rows, truncating

catalogue_module = sys.modules["srfp_lib.published.catalogue"]  # the package has a function of that name


def test_every_network_of_the_paper_has_one_default():
    table = catalogue()
    defaults = table[table["default"] == "yes"]
    assert sorted(defaults["model_id"]) == sorted(n.model_id for n in fleet.published())
    assert len(table) == 36 and not table.duplicated(["model_id", "variant"]).any()
    assert table["parameters"].min() == 852_867 and table["scale"].isin([2, 4]).all() and len(rows()) == 36


def test_the_table_is_a_copy():
    changed = catalogue()
    changed.loc[0, "family"] = "changed"
    assert catalogue().loc[0, "family"] == "EDSR"


@pytest.mark.parametrize(
    ("model_id", "variant"),
    [
        ("EDSR-div2k-x4-L1-NA-pretrained", "baseline"),
        ("RDN-div2k-x4-L1-NA-pretrained", "yjn870"),
        ("DRN-div2k-x4-L1-NA-pretrained", "L"),
        ("SwinIR-div2k-x4-GAN-NA-pretrained", "M"),
        ("SwinIR-div2k-x2-L1-NA-pretrained", "DIV2K"),
        ("LIIF-div2k-x2-L1-NA-pretrained", "rdn"),
    ],
)
def test_defaults_where_the_paper_leaves_it_open(model_id, variant):
    assert row(model_id).variant == variant


def test_truncating_networks():
    assert {r.family for r in rows() if r.quantise == "truncate"} == {"RDN", "LIIF", "NCSR"} and len(truncating()) == 5
    assert {r.quantise for r in rows()} == {"round", "truncate", "round half up", "not checked"}
    levels = np.full((1, 1, 3), 1.6 / 255)
    assert network("RDN-div2k-x2-L1-NA-pretrained").quantise(levels).max() == 1
    assert network("RDN-div2k-x2-L1-NA-pretrained", "sanghyun").quantise(levels).max() == 2


def test_a_row_is_all_that_a_network_needs(tmp_path, monkeypatch):
    lines = catalogue_module.PATH.read_text().splitlines()
    (tmp_path / "c.csv").write_text("\n".join([*lines, lines[1].replace("EDSR-div2k", "New-flickr2k").replace(",EDSR,", ",New,")]))
    monkeypatch.setattr(catalogue_module, "PATH", tmp_path / "c.csv")
    catalogue_module.rows.cache_clear()
    try:
        found = network("New-flickr2k-x2-L1-NA-pretrained")
    finally:
        catalogue_module.rows.cache_clear()
    found.load_state_dict(found.state_dict())
    assert found.upscale(np.zeros((5, 6, 3), np.uint8)).shape == (10, 12, 3)


def test_unknown_rows():
    with pytest.raises(UserError, match="no published network 'VDSR'"):
        row("VDSR")
    with pytest.raises(UserError, match="has no variant 'XL': take one of 'L', 'S'"):
        row("DRN-div2k-x4-L1-NA-pretrained", "XL")
