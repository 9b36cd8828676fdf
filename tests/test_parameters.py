"""Parameters of chapters: what does not fit is refused with a sentence that names it."""

from __future__ import annotations

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.pages.parameters import network, number, one_of, whole


@pytest.mark.parametrize(("check", "value", "limits", "sentence"), [
    (one_of, "L2", (["L1", "VGG_GAN"],), "the parameter x is 'L2': choose one of L1, VGG_GAN"),
    (one_of, 3, (["1", "2"],), "the parameter x is 3: choose one of 1, 2"),
    (whole, 4, (1, 3), "the parameter x is 4: give a whole number from 1 to 3"),
    (whole, True, (1, 3), "the parameter x is True"),
    (whole, 1.5, (1, 3), "the parameter x is 1.5"),
    (whole, 2, (1, 1), "the parameter x is 2: give 1"),
    (number, "90", (1, 100), "the parameter x is '90': give a number from 1 to 100"),
    (network, "EDSR", (["SRFBN-NA-x2-L1-NA-pretrained"],), "the parameter x is 'EDSR': choose one of SRFBN 2X L1"),
    (network, "EDSR 4X L1", (["EDSR-div2k-x4-L1-s1", "EDSR-div2k-x4-L1-s2"],), "the parameter x is 'EDSR 4X L1': choose one of EDSR-div2k-x4-L1-s1"),
    (number, float("nan"), (0, 1), "the parameter x is nan"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_name(check, value, limits, sentence):
    with pytest.raises(UserError) as refused:
        check("x", value, *limits)
    assert str(refused.value).startswith(sentence)
