"""The table of the published networks."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from srfp_lib import fleet
from srfp_lib.common.checkout import HOME
from srfp_lib.common.errors import UserError
from srfp_lib.published import catalogue, network
from srfp_lib.published.catalogue import ENGINES, added, row, rows, truncating, written

catalogue_module = sys.modules["srfp_lib.published.catalogue"]  # the package has a function of that name


def test_every_network_of_the_paper_has_one_default():
    table = catalogue()
    own = table[~table["module"].isin(ENGINES)]
    defaults = own[own["default"] == "yes"]
    assert sorted(defaults["model_id"]) == sorted(n.model_id for n in fleet.published())
    assert len(own) == 36 and len(rows()) == len(table) == 51 and not table.duplicated(["model_id", "variant"]).any()
    assert own["parameters"].min() == 852_867 and table["scale"].isin([2, 4]).all()


def test_every_row_names_its_paper_source_and_licences():
    table, cited = catalogue(), (HOME / "book" / "references.bib").read_text()
    for column in ("repository", "licence_code", "licence_weights", "citation", "loss_official", "training_set_official"):
        assert (table[column] != "").all(), column
    assert not [key for key in table["citation"] if f"{{{key}," not in cited]
    known = {fleet.parse(name).adversarial: 0 for name in table["model_id"]}
    assert known.keys() == {True, False}


def test_a_catalogue_written_is_the_catalogue_read(tmp_path):
    mine = [one for one in rows() if one.module in ENGINES]
    (tmp_path / "added.csv").write_text(written(mine))
    assert [repr(one) for one in added(tmp_path)] == [repr(one) for one in mine]
    (tmp_path / "added.csv").write_text(written([replace(mine[0], module="caffe")]))
    with pytest.raises(UserError, match="added.csv' is damaged .* is run by 'caffe'"):
        added(tmp_path)
    (tmp_path / "added.csv").write_text("model_id,family\na,b\n")
    with pytest.raises(UserError, match="added.csv' is damaged .*: mend it, or delete it"):
        added(tmp_path)


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
