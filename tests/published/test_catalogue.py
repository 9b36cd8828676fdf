"""The table of the published networks."""

import pytest

from srfp_lib import fleet
from srfp_lib.common.errors import UserError
from srfp_lib.published import catalogue
from srfp_lib.published.catalogue import row
from srfp_lib.published.descriptor import describe
from srfp_lib.published.networks import FAMILIES


def test_every_network_of_the_paper_has_one_default():
    table = catalogue()
    defaults = table[table["default"] == "yes"]
    assert sorted(defaults["model_id"]) == sorted(n.model_id for n in fleet.published())
    assert len(table) == 36 and not table.duplicated(["model_id", "variant"]).any()
    assert set(table["family"]) == set(FAMILIES) and table["parameters"].min() == 852_867


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
    assert row(model_id)["variant"] == variant


def test_truncating_families():
    truncating = {r.family for r in catalogue().itertuples() if describe(r._asdict()).quantise == "truncate"}
    assert truncating == {"RDN", "LIIF", "NCSR"}
    assert describe(row("RDN-div2k-x2-L1-NA-pretrained", "sanghyun")).quantise == "round"
    assert describe(row("EnhanceNet-NA-x4-EnhanceNet-NA-pretrained")).quantise == "round half up"
    assert describe(row("proSR-div2k-x4-L1-NA-pretrained")).quantise == "round"


def test_unknown_rows():
    with pytest.raises(UserError, match="no published network 'VDSR'"):
        row("VDSR")
    with pytest.raises(UserError, match="has no variant 'XL': take one of 'L', 'S'"):
        row("DRN-div2k-x4-L1-NA-pretrained", "XL")
