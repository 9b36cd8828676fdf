"""The option file with which BasicSR's own trainer, which the paper used (section 3.1), trains a custom network.

Parts that BasicSR lacks are named Srfp... and registered by `basicsr_trainer`.
"""

from __future__ import annotations

import math
from typing import Any

import yaml  # pyrefly: ignore[untyped-import]  # PyYAML has no types

from .. import fleet
from ..common.errors import UserError
from ..fleet import Network
from ..networks._basicsr import FULL_SIZE
from ..profiles import Training

GT, LQ = "FOLDER_OF_HR_IMAGES", "FOLDER_OF_LR_IMAGES"  # placeholders until the user names folders
Folders = tuple[str, str]  # HR and LR


def custom(model_id: str) -> Network:
    """The custom network of that name. Raises UserError for any other name."""
    network = fleet.parse(model_id)
    if network not in fleet.custom():
        kind = "a published network, which is not trained here" if network.origin == "published" else "none of the 180 custom networks"
        raise UserError(f"'{model_id}' is {kind}: name one like {fleet.custom()[0].model_id}")
    return network


def options(network: Network, settings: Training, *, train: Folders = (GT, LQ), validation: Folders | None = None,
            master_seed: int = 1) -> dict[str, Any]:  # fmt: skip
    """The option file as a dictionary: all sections that `basicsr/train.py` reads. ``validation`` folders get their PSNR logged."""
    vgg = {"type": "VGGStyleDiscriminator", "num_in_ch": 3, "num_feat": 64, "input_size": 128}
    discriminator = vgg if settings.discriminator == "vgg" else {"type": "SrfpDiscriminator", "kind": settings.discriminator}
    return {
        "name": network.model_id,
        "model_type": "SRGANModel" if network.adversarial else "SRModel",
        "scale": network.scale,
        "num_gpu": "auto",
        "manual_seed": network.seed,
        "datasets": _datasets(network, settings, train, validation),
        "network_g": _generator(network, settings),
        **({"network_d": discriminator} if network.adversarial else {}),
        "path": {"pretrain_network_g": None, "strict_load_g": True, "resume_state": None},
        "train": _training(network, settings, master_seed),
        "val": {
            "val_freq": settings.log_every, "save_img": False,
            "metrics": {"psnr": {"type": "calculate_psnr", "crop_border": network.scale, "test_y_channel": False}},
        },
        "logger": {
            "print_freq": settings.log_every, "save_checkpoint_freq": settings.checkpoint_every or _steps(network, settings),
            "use_tb_logger": False, "wandb": {"project": None},
        },
    }  # fmt: skip


def _steps(network: Network, settings: Training) -> int:
    return settings.adversarial_steps if network.adversarial else settings.steps


def _datasets(network: Network, settings: Training, train: Folders, validation: Folders | None) -> dict[str, Any]:
    def pairs(name: str, folders: Folders) -> dict[str, Any]:
        return {"name": name, "type": "PairedImageDataset", "dataroot_gt": folders[0], "dataroot_lq": folders[1],
                "filename_tmpl": f"{{}}x{network.scale}", "io_backend": {"type": "disk"}}  # fmt: skip

    crops = {
        "gt_size": settings.patch, "use_hflip": True, "use_rot": True, "use_shuffle": True, "num_worker_per_gpu": 4,
        "batch_size_per_gpu": settings.batch, "dataset_enlarge_ratio": 100, "prefetch_mode": None,
    }  # fmt: skip
    found = {"train": pairs(network.dataset, train) | crops}
    return found | {"val": pairs("validation", validation)} if validation else found


def _in_basicsr(network: Network, settings: Training) -> bool:
    return settings.size == "full" and network.architecture in FULL_SIZE


def _generator(network: Network, settings: Training) -> dict[str, Any]:
    if _in_basicsr(network, settings):
        return {"type": network.architecture, "upscale": network.scale, **FULL_SIZE[network.architecture]}
    return {"type": "SrfpNetwork", "architecture": network.architecture, "scale": network.scale, "size": settings.size}


def _training(network: Network, settings: Training, master_seed: int) -> dict[str, Any]:
    """Optimisers, schedule and losses (D4, D5)."""
    adam, steps = {"type": "Adam", "weight_decay": 0}, _steps(network, settings)
    rate = settings.adversarial_learning_rate if network.adversarial else settings.learning_rate
    constant = {"type": "MultiStepLR", "milestones": [steps + 1], "gamma": 0.5}
    cosine = {"type": "CosineAnnealingRestartLR", "periods": [steps], "restart_weights": [1], "eta_min": rate * settings.final_rate}
    found: dict[str, Any] = {
        "optim_g": adam | {"betas": [0.9, 0.99], "lr": rate}, "total_iter": steps, "warmup_iter": settings.warmup or -1,
        "scheduler": constant if settings.final_rate == 1 else cosine,
    }  # fmt: skip
    if pixel_weight := settings.pixel_weight if network.adversarial else 1.0:
        found["pixel_opt"] = {"type": "L1Loss", "loss_weight": pixel_weight, "reduction": "mean"}
    if not network.adversarial:
        return found
    return found | {
        "optim_d": adam | {"betas": list(settings.discriminator_betas), "lr": settings.discriminator_learning_rate},
        "gan_opt": {"type": "GANLoss", "gan_type": "vanilla", "real_label_val": 1.0, "fake_label_val": 0.0,
                    "loss_weight": settings.adversarial_weight},
        "net_d_iters": 1, "net_d_init_iters": 0,
        "perceptual_opt": {"type": "SrfpPerceptual", "kind": settings.perceptual, "loss": network.loss,
                           "weight": settings.perceptual_weight, "master_seed": master_seed},
    }  # fmt: skip


def _remarks(network: Network, settings: Training) -> list[str]:
    found = [
        f"BasicSR 1.4.2 trains {network.model_id} with this file:",
        f"    python -m srfp_lib.training.basicsr_trainer -opt {network.model_id}.yml",
        f"An LR image is named after its HR image, with x{network.scale} at the end: 0001.png, 0001x{network.scale}.png.",
    ]
    if network.dataset.startswith("quarter_"):
        found.append("The folders hold the quarter alone: srfp_lib.photos.paper_sets.members names its 200 images.")
    if not _in_basicsr(network, settings):
        found.append(f"BasicSR has no {settings.size} {network.architecture}: SrfpNetwork must be registered, as the command above does; "
                     "plain basicsr/train.py does not know it.")  # fmt: skip
    if network.adversarial:
        found += [
            "SrfpPerceptual (the mean squared distance of activations, D4) is registered by the command above: BasicSR's",
            "PerceptualLoss takes L1 or the Frobenius norm only; its criterion l2 names a class that torch does not have.",
        ]
    if network.adversarial and settings.start_from_l1:
        found.append("This profile starts from the finished L1 twin: set path.pretrain_network_g to its net_g file.")
    if settings.clip:
        found.append(f"This profile clips gradients at norm {settings.clip:g}; BasicSR does not.")
    if settings.final_rate < 1 and network.adversarial:
        found.append("This profile lowers only the generator's learning rate; BasicSR's schedule lowers the discriminator's too.")
    return found


def as_yaml(network: Network, settings: Training, **folders: Any) -> str:
    """The option file as text; keyword arguments as in `options`."""
    head = "".join(f"# {line}\n" for line in _remarks(network, settings))
    return head + "\n" + yaml.safe_dump(options(network, settings, **folders), sort_keys=False, width=math.inf)
