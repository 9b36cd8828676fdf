"""What the spectra of a run hold: which network, which image, and the same place in all."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet
from srfp_lib.fleet import HR
from srfp_lib.forensics.described import PLAIN, Described
from srfp_lib.images import superresolve
from srfp_lib.images.spectrum import log_power
from srfp_lib.images.superresolve import to_float


def test_a_sample_holds_its_networks_one_after_the_other(tmp_path):
    images = pd.DataFrame({"image": ["a_1", "b_1", "b_2"], "photograph": ["a", "b", "b"], "part": ["test", "train", "test"]})
    spectra = np.arange(12, dtype=np.float16).reshape(2, 3, 2)
    Described(("X", "Y"), images, spectra).save(tmp_path / "s")
    found = Described.load(tmp_path / "s").of(["Y", "X"], "test")
    assert found.features.tolist() == [[6, 7], [10, 11], [0, 1], [4, 5]]
    assert found.networks.tolist() == ["Y", "Y", "X", "X"] and found.photographs.tolist() == ["a", "b", "a", "b"]
    with pytest.raises(KeyError, match="Z"):
        Described.load(tmp_path / "s").of(["Z"], "test")


def test_lanczos_and_bicubic_start_from_the_same_lr_image(tiles):
    lanczos, bicubic = (enlarge(tiles, 2).astype(int) for enlarge in (superresolve.lanczos_of, superresolve.bicubic_of))
    assert lanczos.shape == tiles.shape
    assert 0 < abs(lanczos - bicubic).mean() < 4 < abs(lanczos - tiles).mean()


def test_a_run_is_described(smoke):
    smoke.make("spectra")
    found = smoke.spectra()
    assert found.networks[:5] == (HR, *PLAIN) and set(found.networks) > {n.model_id for n in fleet.custom()} | set(smoke.published_names())
    assert set(found.images["part"]) == {"train", "validation", "test"}
    image = found.images["image"].iloc[0]
    side = (smoke.profile.photographs.image_size or 0) - 8
    truth, plain = smoke.pixels(HR, image), superresolve.bicubic_of(smoke.pixels(HR, image)[None], 4)[0]
    for name, pixels in ((HR, truth), ("bicubic-x4", plain)):
        crops = [pixels[r : r + side, c : c + side] for r in range(8) for c in range(8)]
        distance = abs(log_power(to_float(np.stack(crops))).numpy() - found.spectra[found.networks.index(name), 0]).max(1)
        assert distance.min() < 0.02 < np.median(distance)  # one of the places, and not any
