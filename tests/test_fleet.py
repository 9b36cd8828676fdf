"""The 205 networks are the paper's."""

import pytest

from srfp_lib import fleet, paper
from srfp_lib.common.errors import UserError


def test_the_205_are_those_of_the_published_table():
    ours = {n.model_id for n in (*fleet.custom(), *fleet.published())}
    assert len(ours) == 205
    assert ours == set(paper.table("published_quality")["model_id"])


@pytest.mark.parametrize(("field", "counts"), [
    ("scale", {2: 90, 4: 90}),
    ("loss", {"L1": 60, "VGG_GAN": 60, "ResNet_GAN": 60}),
    ("architecture", dict.fromkeys(fleet.ARCHITECTURES, 36)),
    ("dataset", {"div2k": 90, "flickr2k": 30, "quarter_div2k": 30, "quarter_flickr2k": 30}),
    ("seed", {1: 120, 2: 30, 3: 30}),
])  # fmt: skip
def test_counts_of_section_3_1(field, counts):
    assert fleet.frame(fleet.custom())[field].value_counts().to_dict() == counts


def test_names_are_read_back():
    for network in (*fleet.custom(), *fleet.published()):
        assert fleet.parse(network.model_id) == network


@pytest.mark.parametrize("name", ["EDSR", "EDSR-div2k-2-L1-s1", "EDSR-div2k-x2-L1-s1-pretrained-x", ""])
def test_other_names_are_refused(name):
    with pytest.raises(UserError, match="is no network name"):
        fleet.parse(name)
