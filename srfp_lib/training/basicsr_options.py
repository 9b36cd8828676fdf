"""The option file with which BasicSR's own trainer trains a custom network: every section that `basicsr/train.py` reads.

Where BasicSR has the part, the file names BasicSR's. Parts that it lacks are named Srfp... and come from `basicsr_trainer`.
"""

from __future__ import annotations

import math
from typing import Any

from .. import fleet
from ..common.errors import UserError
from ..fleet import Network
from ..profiles import Training
from . import basicsr

GT, LQ = "FOLDER_OF_HR_IMAGES", "FOLDER_OF_LR_IMAGES"  # what stands in the file until the user names folders
Folders = tuple[str, str]  # HR and LR
ORDER = ("name", "model_type", "scale", "num_gpu", "manual_seed", "datasets", "network_g", "network_d", "path", "train", "val", "logger")

# BasicSR's own classes, with the sizes of `srfp_lib.networks.full` (D7).
NAMED: dict[str, dict[str, Any]] = {
    "EDSR": {"num_in_ch": 3, "num_out_ch": 3, "num_feat": 64, "num_block": 16, "res_scale": 1, "img_range": 255.0},
    "RCAN": {"num_in_ch": 3, "num_out_ch": 3, "num_feat": 64, "num_group": 10, "num_block": 20, "squeeze_factor": 16, "img_range": 255.0},
    "SwinIR": {
        "img_size": 64, "window_size": 8, "img_range": 1.0, "depths": [6] * 6, "embed_dim": 180, "num_heads": [6] * 6,
        "mlp_ratio": 2, "upsampler": "pixelshuffle", "resi_connection": "1conv", "drop_path_rate": 0.0,
    },
}  # fmt: skip


def custom(model_id: str) -> Network:
    """One of the 180 custom networks by its name."""
    network = fleet.parse(model_id)
    if network not in fleet.custom():
        kind = "a published network, which is not trained here" if network.origin == "published" else "none of the 180 custom networks"
        raise UserError(f"'{model_id}' is {kind}: name one like {fleet.custom()[0].model_id}")
    return network


def whole(network: Network, settings: Training, *, train: Folders = (GT, LQ), validation: Folders | None = None,
          master_seed: int = 1) -> dict[str, Any]:  # fmt: skip
    """The option file as a dictionary. With ``validation`` BasicSR measures PSNR on those folders while it trains."""
    found = basicsr.options(network, settings)
    del found["is_train"], found["dist"]  # the trainer says these itself
    found |= {
        "num_gpu": "auto",
        "datasets": _datasets(network, settings, train, validation),
        "network_g": _generator(network, settings),
        "path": {"pretrain_network_g": None, "strict_load_g": True, "resume_state": None},
        "val": {"val_freq": settings.log_every, "save_img": False, "metrics": {"psnr": _psnr(network.scale)}},
        "logger": {"print_freq": settings.log_every, "save_checkpoint_freq": settings.checkpoint_every or found["train"]["total_iter"],
                   "use_tb_logger": False, "wandb": {"project": None}},
    }  # fmt: skip
    if network.adversarial:
        found["network_d"] = _discriminator(settings)
        found["train"]["perceptual_opt"] = {"type": "SrfpPerceptual", "kind": settings.perceptual, "loss": network.loss,
                                            "weight": settings.perceptual_weight, "master_seed": master_seed}  # fmt: skip
    return {key: found[key] for key in ORDER if key in found}


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


def _psnr(scale: int) -> dict[str, Any]:
    return {"type": "calculate_psnr", "crop_border": scale, "test_y_channel": False}


def _generator(network: Network, settings: Training) -> dict[str, Any]:
    if by_name(network, settings):
        return {"type": network.architecture, "upscale": network.scale, **NAMED[network.architecture]}
    return {"type": "SrfpNetwork", "architecture": network.architecture, "scale": network.scale, "size": settings.size}


def by_name(network: Network, settings: Training) -> bool:
    """Whether BasicSR has the architecture at this size."""
    return settings.size == "full" and network.architecture in NAMED


def _discriminator(settings: Training) -> dict[str, Any]:
    if settings.discriminator == "vgg":
        return {"type": "VGGStyleDiscriminator", "num_in_ch": 3, "num_feat": 64, "input_size": 128}
    return {"type": "SrfpDiscriminator", "kind": settings.discriminator}


def remarks(network: Network, settings: Training) -> list[str]:
    """What the reader of the file has to know, a sentence a line."""
    found = [
        f"BasicSR 1.4.2 trains {network.model_id} with this file:",
        f"    python -m srfp_lib.training.basicsr_trainer -opt {network.model_id}.yml",
        f"LR images are named like their HR image with x{network.scale} at the end: 0001.png, 0001x{network.scale}.png.",
    ]
    if network.dataset.startswith("quarter_"):
        found.append("The folders hold the quarter alone: srfp_lib.photos.sr_sets.members names its 200 images.")
    if not by_name(network, settings):
        found.append(f"BasicSR has no {settings.size} {network.architecture}: the class of srfp_lib must be registered, "
                     "which the command above does; plain basicsr/train.py does not know SrfpNetwork.")  # fmt: skip
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
        found.append("This profile lowers the generator's learning rate alone; BasicSR's schedule lowers the discriminator's too.")
    return found


def as_yaml(network: Network, settings: Training, **folders: Any) -> str:
    """The option file as text, remarks first."""
    import yaml

    head = "".join(f"# {line}\n" for line in remarks(network, settings))
    return head + "\n" + yaml.safe_dump(whole(network, settings, **folders), sort_keys=False, width=math.inf)
