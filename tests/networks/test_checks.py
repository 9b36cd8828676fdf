"""Variants and scales that a family lacks are refused in a sentence. (Parameters: `tests/published/test_contract.py`.)"""

from importlib import import_module

import pytest

from srfp_lib.common.errors import UserError

LACKING = [
    ("drn", "M", 4), ("drn", "S", 2), ("edsr", "", 2), ("edsr", "large", 3), ("enhancenet", "", 2), ("enhancenet", "PA", 4),
    ("esrgan", "", 2), ("liif", "swinir", 2), ("ncsr", "", 8), ("nlsn", "", 3), ("prosr", "small", 4), ("prosr", "", 8),
    ("rcan", "S", 2), ("rdn", "", 4), ("real_esrgan", "anime", 4), ("san", "", 2), ("spsr", "", 2), ("spsr", "S", 4),
    ("srfbn", "S", 4), ("srfbn", "", 3), ("swinir", "M", 2), ("swinir", "S", 4), ("swinir", "DIV2K", 3),
]  # fmt: skip


@pytest.mark.parametrize(("family", "variant", "scale"), LACKING)
def test_others_are_refused(family, variant, scale):
    at = "" if family == "liif" else f" at {scale}x"
    with pytest.raises(UserError, match=rf"(?i)no {family.replace('_', '-')} '{variant}'{at}: take "):
        import_module(f"srfp_lib.networks.{family}").build(variant, scale)


def test_the_sentence_names_what_there_is():
    with pytest.raises(UserError, match="no DRN 'M' at 4x: take scale 4 and one of S, L"):
        import_module("srfp_lib.networks.drn").build("M", 4)
    with pytest.raises(UserError, match="no NLSN '' at 3x: take scale 2 or 4 and no variant"):
        import_module("srfp_lib.networks.nlsn").build("", 3)
