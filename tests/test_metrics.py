"""PSNR and SSIM equal scikit-image's, by the stated convention."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srfp_lib import metrics


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (3, 40, 48, 3), dtype=np.uint8)
    return a, np.clip(a + rng.normal(0, 25, a.shape), 0, 255).astype(np.uint8)


def test_psnr(pair):
    a, b = pair
    assert metrics.psnr(a, b) == pytest.approx([peak_signal_noise_ratio(x, y) for x, y in zip(a, b, strict=True)], abs=1e-4)
    assert metrics.psnr(a, a).tolist() == [99.0] * 3


def test_ssim(pair):
    a, b = pair
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "channel_axis": -1}
    assert metrics.ssim(a, b) == pytest.approx([structural_similarity(x, y, **options) for x, y in zip(a, b, strict=True)], abs=1e-5)
    assert metrics.ssim(a, a) == pytest.approx([1] * 3)
