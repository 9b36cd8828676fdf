"""PSNR and SSIM equal scikit-image's, LPIPS the package's, by the stated convention."""

import hashlib
from dataclasses import replace
from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchvision.models import alexnet

from srfp_lib import profiles
from srfp_lib.common.errors import UserError
from srfp_lib.images import metrics
from tests.serving import serving


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (3, 40, 48, 3), dtype=np.uint8)
    return a, np.clip(a + rng.normal(0, 25, a.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty hub folder of torch's, and nobody who serves the file."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(metrics, "ALEXNET", "http://127.0.0.1:9/alexnet-owt-7be5be79.pth")
    metrics._lpips_network.cache_clear()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def trunk():
    """An AlexNet with random weights in the place of ImageNet's."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return alexnet(weights=None)


@pytest.fixture
def weights(hub, trunk, monkeypatch):
    """The file of its weights by their digest; those of the last layers, which LPIPS does not use, would make it 230 MB larger."""
    torch.save({name: w for name, w in trunk.state_dict().items() if name.startswith("features.")}, hub / "saved")
    name = f"alexnet-owt-{hashlib.sha256((hub / 'saved').read_bytes()).hexdigest()[:8]}.pth"
    monkeypatch.setattr(metrics, "ALEXNET", f"http://127.0.0.1:9/{name}")
    (hub / "saved").rename(hub / name)


def test_psnr(pair):
    a, b = pair
    assert metrics.psnr(a, b) == pytest.approx([peak_signal_noise_ratio(x, y) for x, y in zip(a, b, strict=True)], abs=1e-4)
    assert metrics.psnr(a, a).tolist() == [99.0] * 3


def test_ssim(pair):
    a, b = pair
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "channel_axis": -1}
    assert metrics.ssim(a, b) == pytest.approx([structural_similarity(x, y, **options) for x, y in zip(a, b, strict=True)], abs=1e-5)
    assert metrics.ssim(a, a) == pytest.approx([1] * 3)


def test_lpips_is_the_packages(pair, weights, trunk, monkeypatch):
    ours = metrics.lpips(*pair)
    monkeypatch.setattr("torchvision.models.alexnet", lambda **_: trunk)
    theirs = lpips.LPIPS(net="alex", verbose=False)
    wanted = [theirs(lpips.im2tensor(x), lpips.im2tensor(y)).item() for x, y in zip(*pair, strict=True)]
    assert ours == pytest.approx(wanted, rel=1e-5) and min(wanted) > 1e-3
    assert metrics.lpips(pair[0], pair[0]).tolist() == [0.0] * 3


def test_lpips_is_scored_of_the_centre_when_asked_for(pair, weights):
    scores = metrics.score([pair[0]], [pair[1]], crop=32, perceptual=True)
    centre = [x[:, 4:36, 8:40] for x in pair]
    assert list(scores) == ["psnr", "ssim", "lpips"] and scores["lpips"].tolist() == metrics.lpips(*centre).tolist()
    plain = metrics.score([pair[0]], [pair[1]], crop=32)
    assert list(plain) == ["psnr", "ssim"] and all((plain[name] == scores[name]).all() for name in plain)


def test_weights_that_cannot_be_had_are_named(pair, hub):
    assert metrics.lpips_weights() is None
    with pytest.raises(UserError, match=r"cannot be fetched \(.*refused.*\): put the file at '.*alexnet-owt-7be5be79.pth'"):
        metrics.lpips(*pair)


def test_weights_are_fetched_once_and_their_digest_is_compared(pair, hub, weights, monkeypatch):
    content = metrics.lpips_weights().read_bytes()
    asked = []
    with serving(lambda path, headers: asked.append(path) or (200, {}, content)) as address:
        monkeypatch.setattr(metrics, "ALEXNET", f"{address}/alexnet-{hashlib.sha256(content).hexdigest()[:8]}.pth")
        first = metrics.lpips(*pair)
        assert metrics.lpips(*pair).tolist() == first.tolist() and len(asked) == 1
        monkeypatch.setattr(metrics, "ALEXNET", f"{address}/alexnet-00000000.pth")
        with pytest.raises(UserError, match="cannot be fetched .*invalid hash value"):
            metrics.lpips(*pair)
    assert metrics.lpips_weights() is None


@pytest.mark.parametrize("content", [b"no weights", b"", b"PK\x03\x04 cut"])
def test_weights_that_are_damaged_are_named(pair, hub, content):
    (hub / "alexnet-owt-7be5be79.pth").write_bytes(content)
    assert metrics.lpips_weights() == hub / "alexnet-owt-7be5be79.pth"
    with pytest.raises(UserError, match=r"7be5be79.pth' is not the file of .*: its SHA-256 does not begin with 7be5be79; delete it"):
        metrics.lpips(*pair)


def test_another_alexnet_is_refused(pair, hub, trunk):
    """Tensors of the right names and shapes, and other values: its distances would be nobody's."""
    torch.save(trunk.state_dict(), hub / "alexnet-owt-7be5be79.pth")
    with pytest.raises(UserError, match="its SHA-256 does not begin with 7be5be79"):
        metrics.lpips(*pair)


def test_images_too_small_for_alexnet_are_refused(weights):
    small = np.zeros((1, 30, 40, 3), np.uint8)
    with pytest.raises(UserError, match="LPIPS needs images of 31 pixels a side, and there are some of 30"):
        metrics.lpips(small, small)


def test_the_page_says_why_lpips_is_left_out(weights):
    assert metrics.lpips_left_out(profiles.PAPER) == ""
    assert metrics.lpips_left_out(profiles.LAB).endswith("weights, which are on this machine.")
    metrics.lpips_weights().unlink()
    assert metrics.lpips_left_out(profiles.LAB).endswith("which no package carries and this machine does not have.")


def test_the_header_says_what_the_numbers_are_of():
    assert "the whole of each image;" in metrics.convention(profiles.DEMO.quality)
    assert "224 x 224 pixels of each image" in metrics.convention(replace(profiles.PAPER.quality, images="all"))


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": "/caches"}, {"TORCH_HOME": "~/torch", "XDG_CACHE_HOME": "/caches"}])
def test_weights_are_sought_where_torch_keeps_them(monkeypatch, variables):
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert metrics._kept_alexnet().parent == Path(torch.hub.get_dir(), "checkpoints")
