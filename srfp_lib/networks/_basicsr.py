"""The only door to BasicSR 1.4.2 (Apache-2.0).

BasicSR imports `torchvision.transforms.functional_tensor`, which torchvision dropped in 0.17. Its functions live on in
`torchvision.transforms.functional`, which is registered under the old name first.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

FULL_SIZE: dict[str, dict[str, Any]] = {
    "EDSR": {"num_in_ch": 3, "num_out_ch": 3, "num_feat": 64, "num_block": 16, "res_scale": 1, "img_range": 255.0},
    "RCAN": {"num_in_ch": 3, "num_out_ch": 3, "num_feat": 64, "num_group": 10, "num_block": 20, "squeeze_factor": 16, "img_range": 255.0},
    "SwinIR": {
        "img_size": 64, "window_size": 8, "img_range": 1.0, "depths": [6] * 6, "embed_dim": 180, "num_heads": [6] * 6,
        "mlp_ratio": 2, "upsampler": "pixelshuffle", "resi_connection": "1conv", "drop_path_rate": 0.0,
    },
}  # fmt: skip
"""Arguments of its classes, beside the scale, for the custom architectures at full size (D7)."""


def load(module: str) -> ModuleType:
    """Import a module of BasicSR, for example ``load("archs.edsr_arch").EDSR``."""
    from torchvision.transforms import functional

    sys.modules.setdefault("torchvision.transforms.functional_tensor", functional)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BasicSR uses deprecated names of SciPy
        return importlib.import_module(f"basicsr.{module}")
