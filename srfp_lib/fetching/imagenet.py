"""ImageNet weights that other packages fetch or carry: which a profile needs, and whether they can be had.

Nothing is downloaded, and neither torch nor timm is imported, but for a backbone that is not in the table below or whose
weights lie in a file that has to be looked into.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..profiles import SMALL_BACKBONES, Profile
from . import timm_weights
from .timm_weights import WeightFile

PATIENCE = 4  # seconds for a server to answer


@dataclass(frozen=True)
class Weights:
    """Weights that a package fetches. ``file`` lies in torch's hub folder, or with ``repository`` in the Hugging Face cache."""

    name: str
    field: str  # of the profile that asks for them
    remedy: str
    file: str
    address: str
    megabytes: float
    repository: str = ""
    local: WeightFile | None = None  # a file of the user's, or of an installed package
    nowhere: str = ""  # the sentence for weights that have neither file nor address

    def there(self) -> bool:
        """Whether this machine has them."""
        if self.local or not self.address:
            return self.local is not None
        if not self.repository:
            return (torch_checkpoints() / self.file).is_file()
        from huggingface_hub import try_to_load_from_cache

        return any(isinstance(try_to_load_from_cache(self.repository, file), str) for file in (self.file, "pytorch_model.bin"))

    def obstacle(self) -> str | None:
        """One sentence if they are neither here nor to be had."""
        if self.local:
            return self.local.problem()
        if not self.address:
            return self.nowhere
        if self.there() or answers(self.address):
            return None
        where = f"the Hugging Face cache ({self.repository})" if self.repository else f"'{torch_checkpoints() / self.file}'"
        host = self.address.split("/")[2]
        return (
            f"{self.name} with its ImageNet weights cannot be had: they are not in {where}, and {host} does not give them: "
            f"{self.remedy} ({self.field})"
        )


# Of torchvision, as its own tables give address and size.
VISION = {
    "vgg19": ("vgg19-dcbb9e9d.pth", 574.7),
    "resnet18": ("resnet18-f37072fd.pth", 46.8),
    "alexnet": ("alexnet-owt-7be5be79.pth", 244.4),
}
# Of timm: megabytes, the float32 weights of the model as timm builds it; Xception's are no Hugging Face repository.
BACKBONES = {
    "convnext_base.fb_in1k": 354.4, "efficientnet_b2.ra_in1k": 36.7, "resnet50.a1_in1k": 102.4, "legacy_xception.tf_in1k": 91.6,
    "tf_efficientnet_lite0.in1k": 18.8, "tf_efficientnet_lite1.in1k": 21.9, "tf_efficientnet_lite2.in1k": 24.6,
}  # fmt: skip
XCEPTION = "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-cadene/xception-43020ad28.pth"


def torch_checkpoints() -> Path:
    """Where torch.hub keeps what it downloads, by torch's own rule."""
    cache_folder = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache_folder}/torch")).expanduser() / "hub" / "checkpoints"


@cache
def answers(address: str) -> bool:
    """Whether an address gives a file, within seconds. `HF_HUB_OFFLINE` is a no."""
    import requests

    if "huggingface" in address and os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    try:
        return requests.head(address, timeout=PATIENCE, allow_redirects=True).ok
    except requests.RequestException:
        return False


def perceptual(profile: Profile) -> list[Weights]:
    """VGG-19 and ResNet-18 of the perceptual loss (paper, section 3.1), or EfficientNet-Lite0, which only its package gives."""
    settings = profile.training
    if settings.adversarial_steps and settings.perceptual == "efficientnet_lite0":
        return [_of_package()]
    remedy = 'connect the machine, put the file there, or choose perceptual = "seeded"'
    wanted = settings.adversarial_steps and settings.perceptual == "imagenet"
    return [_of_torchvision(name, "training.perceptual", remedy) for name in ("vgg19", "resnet18")] if wanted else []


def lpips(profile: Profile) -> list[Weights]:
    """AlexNet of LPIPS (D41)."""
    remedy = "connect the machine, put the file there, or choose lpips = false"
    return [_of_torchvision("alexnet", "quality.lpips", remedy)] if profile.quality.lpips else []


def backbones(names: Iterable[str], weights_dir: str | Path | None = None) -> list[Weights]:
    """The weights of those classifiers' bodies that timm brings (D14), from a folder of weights, a package, or where timm finds them."""
    return [_of_timm(name, weights_dir) for name in dict.fromkeys(names) if name not in SMALL_BACKBONES]


def _of_torchvision(name: str, field: str, remedy: str) -> Weights:
    file, megabytes = VISION[name]
    return Weights(f"the network {name}", field, remedy, file, f"https://download.pytorch.org/models/{file}", megabytes)


def _of_package() -> Weights:
    local, field = timm_weights.in_package(timm_weights.LITE0), "training.perceptual"
    sentence = f"{field} is 'efficientnet_lite0', and the package with its weights is not installed: {timm_weights.INSTALL}, or choose seeded"
    return Weights("the network efficientnet_lite0", field, "", "", "", BACKBONES[timm_weights.LITE0], local=local, nowhere=sentence)


def _of_timm(name: str, weights_dir: str | Path | None) -> Weights:
    field, others = "classifier.backbones", f"choose among {', '.join(SMALL_BACKBONES)}"
    if local := timm_weights.find(name, weights_dir):
        return Weights(f"the backbone '{name}'", field, "", "", "", BACKBONES.get(name, 0.0), local=local)
    install = f"{timm_weights.INSTALL}, " if name in timm_weights.PACKAGES else ""
    own = f" or as '{Path(weights_dir) / 'backbones' / name}.safetensors'" if weights_dir else ""
    remedy = f"{install}connect the machine, put the file there{own}, or {others}"
    repository, address = (f"timm/{name}", "") if name in BACKBONES else _source(name)
    if name == "legacy_xception.tf_in1k":
        repository, address = "", XCEPTION
    if repository:
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        address = f"{endpoint}/{repository}/resolve/main/model.safetensors"
    file = "model.safetensors" if repository else address.split("/")[-1] or name
    nowhere = f"the backbone '{name}' has no ImageNet weights that timm knows of: correct the name, or {others} ({field})"
    return Weights(f"the backbone '{name}'", field, remedy, file, address, BACKBONES.get(name, 0.0), repository, nowhere=nowhere)


def _source(name: str) -> tuple[str, str]:
    """Of a backbone that is not in the table: its Hugging Face repository, or the address that timm knows."""
    import timm

    known = timm.models.get_pretrained_cfg(name) if timm.is_model(name.split(".")[0]) else None
    if known is None:
        return "", ""
    return (known.hf_hub_id if "/" in (known.hf_hub_id or "") else ""), known.url or ""
