"""Published networks that see a margin of the photograph around each tile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srfp_lib import photos, profiles
from srfp_lib.common.errors import UserError
from srfp_lib.images.superresolve import downscale
from srfp_lib.published import sources
from srfp_lib.published.weights_folder import WeightsFolder
from srfp_lib.study import Study
from tests.conftest import hurried

SPAN = "SPAN_48-NA-x4-L1-NA-pretrained"


def test_the_images_are_the_middle_of_what_a_network_makes_of_windows(tmp_path, monkeypatch):
    hurried(monkeypatch)
    file = tmp_path / "margin.toml"
    file.write_text('profile = "smoke"\npublished = { margin = 8 }\n')
    study = Study.open(file, tmp_path / "run")
    study.make("published/SPAN_48-x4")
    network, _ = WeightsFolder(Path(study.profile.published.weights_dir)).open(sources.row_of(study.profile.published, SPAN))
    windows = photos.load(study.profile.photographs, master_seed=1).windows(8)
    for image, (hr, top, left) in zip(study.photographs("images")["image"], windows, strict=True):
        whole = np.rint(np.clip(network.upscale(downscale(hr[None].copy(), 4)[0]), 0, 1) * 255)
        assert np.array_equal(study.pixels(SPAN, image), whole[top : top + 48, left : left + 48])
    assert hr.shape != (48, 48, 3)


@pytest.mark.parametrize(("lines", "sentence"), [
    ("published = { margin = 6 }", "'margin' must be a multiple of 4, from 0 up, and it is 6"),
    ("published = { margin = 8 }\nphotographs = { image_size = 0 }", "published.margin is 8, for tiles, and photographs.image_size is none"),
])  # fmt: skip
def test_a_margin_that_cannot_be(tmp_path, lines, sentence):
    (tmp_path / "odd.toml").write_text(f'profile = "smoke"\n{lines}\n')
    with pytest.raises(UserError, match=sentence):
        profiles.get(tmp_path / "odd.toml")
