"""PSNR, SSIM and LPIPS as in the paper's quality table (D41): RGB, 8 bits, no border cut."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ..common.errors import UserError
from ..common.files import impostor
from ..profiles import Profile, Quality

ALEXNET = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"  # torchvision's, 233 MB; the name ends in the file's digest
SMALLEST = 31  # pixels a side that AlexNet needs

Images = UInt8[np.ndarray, "n h w 3"]
Values = Float64[np.ndarray, "n"]


def score(sr: Iterable[np.ndarray], hr: Iterable[np.ndarray], *, crop: int | None, perceptual: bool = False) -> dict[str, Values]:
    """PSNR, SSIM and, if ``perceptual``, LPIPS of batches uint8 n x H x W x 3, on centre crops or, without ``crop``, whole images.

    Crops are centred on the SR image; an HR image may be larger, both share their top left pixel (D41).
    """
    measures = (psnr, ssim, lpips) if perceptual else (psnr, ssim)
    found: dict[str, list[np.ndarray]] = {measure.__name__: [] for measure in measures}
    for a, b in zip(sr, hr, strict=True):
        height, width = (min(crop or length, length) for length in a.shape[1:3])
        top, left = (a.shape[1] - height) // 2, (a.shape[2] - width) // 2
        window = (slice(None), slice(top, top + height), slice(left, left + width))
        for measure in measures:
            found[measure.__name__].append(measure(a[window], b[window]))
    return {name: np.concatenate(values) for name, values in found.items()}


def convention(settings: Quality) -> str:
    """What a quality table measures, for its header.

    >>> from srfp_lib.profiles import PAPER
    >>> convention(PAPER.quality)[:74]
    'RGB, 8 bits, no border cut, the centre 224 x 224 pixels of each test image'
    """
    part = f"the centre {settings.crop} x {settings.crop} pixels of each" if settings.crop else "the whole of each"
    image = "test image" if settings.images == "test" else "image"
    return f"RGB, 8 bits, no border cut, {part} {image}; LPIPS of AlexNet, lower is better"


def lpips_left_out(profile: Profile) -> str:
    """Why a profile's LPIPS column is empty, as a sentence; "" if it is not."""
    if profile.quality.lpips:
        return ""
    there = "are on this machine" if lpips_weights() else "no package carries and this machine does not have"
    return (
        f"Our LPIPS is left out: profile {profile.name} does not ask for it (`[quality] lpips = true` in a .toml file does). "
        f"It needs AlexNet's ImageNet weights, which {there}."
    )


def psnr(a: Images, b: Images) -> Values:
    """Peak signal-to-noise ratio in dB over all three channels; 99 dB instead of infinity for equal images.

    >>> psnr(np.zeros((1, 8, 8, 3), np.uint8), np.full((1, 8, 8, 3), 255, np.uint8)).tolist()
    [0.0]
    """
    errors = np.square(a.astype(np.float32) - b).mean((1, 2, 3), dtype=np.float64)
    return np.where(errors > 0, 10 * np.log10(255**2 / np.maximum(errors, 1e-12)), 99.0)


def ssim(a: Images, b: Images) -> Values:
    """Structural similarity (Wang et al. 2004), the mean over channels: window 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03.

    The same as scikit-image's ``structural_similarity(gaussian_weights=True, use_sample_covariance=False)``, which is slower.
    """
    return np.concatenate([_ssim(a[i : i + 16], b[i : i + 16]) for i in range(0, len(a), 16)])


def _ssim(a: Images, b: Images) -> Values:
    x, y = a.astype(np.float32), b.astype(np.float32)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    map_ = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    map_ /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return map_.mean((1, 2, 3), dtype=np.float64)


def _blur(x: Float32[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n 3 h-10 w-10"]:
    x = x.transpose(0, 3, 1, 2)
    # Products with banded matrices are several times faster than filters at this size.
    return _window(x.shape[2]) @ x @ _window(x.shape[3]).T


@cache
def _window(length: int) -> Float32[np.ndarray, "short length"]:
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    rows = [np.eye(length - 10, length, k) * tap for k, tap in enumerate(taps / taps.sum())]
    return np.sum(rows, 0).astype(np.float32)


def lpips(a: Images, b: Images) -> Values:
    """Learned perceptual distance (Zhang et al. 2018) of images of at least 31 pixels a side; 0 if equal, lower is better.

    AlexNet, version 0.1 of the linear heads, RGB scaled to -1..1 (D41). Raises UserError for smaller images, and if AlexNet's
    weights can neither be found nor fetched.
    """
    if min(a.shape[1:3]) < SMALLEST:
        raise UserError(f"LPIPS needs images of {SMALLEST} pixels a side, and there are some of {min(a.shape[1:3])}: set quality.lpips = false")
    import torch

    network = _lpips_network(lpips_weights() or _fetch_alexnet())
    x, y = (torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1 for images in (a, b))
    with torch.inference_mode():
        return network(x, y).flatten().double().numpy()


def lpips_weights() -> Path | None:
    """AlexNet's ImageNet weights in torch's hub folder, None if they are not there."""
    path = _kept_alexnet()
    return path if path.is_file() else None


def _kept_alexnet() -> Path:
    """Where torch keeps it: `torch.hub.get_dir`, without the seconds that torch takes to import."""
    home = os.getenv("TORCH_HOME", os.path.join(os.getenv("XDG_CACHE_HOME", "~/.cache"), "torch"))
    return Path(home, "hub", "checkpoints", ALEXNET.rpartition("/")[2]).expanduser()


def _fetch_alexnet() -> Path:
    import torch

    path = _kept_alexnet()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(ALEXNET, str(path), hash_prefix=path.stem.rpartition("-")[2], progress=False)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"LPIPS needs AlexNet's ImageNet weights, and {ALEXNET} cannot be fetched ({error}): "
            f"put the file at '{path}', or set quality.lpips = false"
        ) from None
    return path


@cache
def _lpips_network(weights: Path) -> Any:
    """The package's network, its trunk filled from a file that is not unpickled."""
    import lpips as package
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torchvision's, about arguments that the package still passes
        network = package.LPIPS(net="alex", pnet_rand=True, verbose=False)
    if sentence := impostor(weights, ALEXNET):
        raise UserError(sentence)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    # The package keeps the layers in five slices: slice2.3.weight is features.3.weight.
    network.net.load_state_dict({name: state[f"features.{name.partition('.')[2]}"] for name in network.net.state_dict()})
    return network
