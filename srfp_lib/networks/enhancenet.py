"""EnhanceNet, 4x (Sajjadi, Schölkopf, Hirsch: "EnhanceNet: Single Image Super-Resolution through Automated Texture
Synthesis", ICCV 2017, arXiv 1612.07919); the published network is its perceptual-adversarial-texture variant.

RGB in 0..1, the mean is subtracted inside; zero padding. The network adds its output to an enlargement by TensorFlow 1's
bicubic, which is not torch's (see `legacy_bicubic`). Unlike the authors' TensorFlow code, the enlargement works in strips.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .parts import Enlarged4, Image, builder, conv
from .tiling import in_strips, upscale_plain

MEAN = (0.47614917, 0.45001204, 0.40904046)
CONVOLUTIONS = 25
TAPS = ((0, 256, 0, 0), (-27, 225, 67, -9), (-24, 152, 152, -24), (-9, 67, 225, -27))
"""Keys' cubic kernel with a = -0.75, times 256, at the four samples around a position 0, 1/4, 1/2, 3/4 behind the second."""


def _enlarge_columns(image: Tensor) -> Tensor:
    taps = image.new_tensor(TAPS) / 256  # 4 phases x 4 taps
    padded = F.pad(image, (1, 2, 0, 0), mode="replicate")
    return (padded.unfold(-1, 4, 1) @ taps.T).flatten(-2)  # n c h w 4 -> n c h 4w


def legacy_bicubic(image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 4*h 4*w"]:
    """The 4x enlargement of TensorFlow 1.

    Target pixel i lies at source position i / 4: no half-pixel shift, so that the result is 1.5 target pixels off from
    torch's and Pillow's. Kernel a = -0.75, four taps, the border pixel repeated.

    >>> import torch
    >>> ramp = torch.arange(8.0).reshape(1, 1, 1, 8)
    >>> legacy_bicubic(ramp)[0, 0, 0, 12:17].tolist()  # linear inside, up to the ripple of a = -0.75
    [3.0, 3.296875, 3.5, 3.703125, 4.0]
    """
    columns = _enlarge_columns(image)
    return _enlarge_columns(columns.transpose(2, 3)).transpose(2, 3)


class EnhanceNet(nn.Module):
    """25 convolutions, numbered as in the published file: head, ten residual blocks, two enlargements, two at full size."""

    def __init__(self, *, features: int = 64) -> None:
        super().__init__()
        sizes = [(3, features), *[(features, features)] * (CONVOLUTIONS - 2), (features, 3)]
        self.conv = nn.ModuleList(conv(*size) for size in sizes)

    def forward(self, rgb: Image) -> Enlarged4:
        """0..1 in and out."""
        mean = rgb.new_tensor(MEAN)[:, None, None]
        centred = rgb - mean
        x = F.relu(self.conv[0](centred))  # n 3 h w -> n c h w
        for first in range(1, 21, 2):
            x = x + self.conv[first + 1](F.relu(self.conv[first](x)))
        residual = in_strips(self._enlarge, x, margin=2, pixels=40_000)  # a row sees 1/2 + 3/4 rows
        return residual + legacy_bicubic(centred) + mean

    def _enlarge(self, x: Tensor) -> Tensor:
        for enlarging in (21, 22):
            x = F.interpolate(x, scale_factor=2, mode="nearest")  # n c h w -> n c 2h 2w, then 4h 4w
            x = F.relu(self.conv[enlarging](x), inplace=True)
        return self.conv[24](F.relu(self.conv[23](x), inplace=True))


def official(state: Mapping[str, Tensor], variant: str = "", keys: Collection[str] = ()) -> dict[str, Tensor]:
    """The module's tensors under the variables' names of the published file, kernels height x width x in x out.

    >>> official(EnhanceNet().state_dict())["generator/Conv/weights"].shape
    torch.Size([3, 3, 3, 64])
    """
    names = {}
    for name, tensor in state.items():
        _, number, kind = name.split(".")
        layer = "generator/Conv" if number == "0" else f"generator/Conv_{number}"
        weight = kind == "weight"
        names[f"{layer}/{'weights' if weight else 'biases'}"] = tensor.permute(2, 3, 1, 0) if weight else tensor
    return names


upscale = upscale_plain
build = builder("EnhanceNet", lambda *_: EnhanceNet())
