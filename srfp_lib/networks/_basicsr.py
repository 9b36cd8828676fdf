"""The only door to BasicSR 1.4.2 (Apache-2.0).

BasicSR imports `torchvision.transforms.functional_tensor`, which torchvision dropped in 0.17. Its functions live on in
`torchvision.transforms.functional`, which is registered under the old name first.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType


def load(module: str) -> ModuleType:
    """Import a module of BasicSR, for example ``load("archs.edsr_arch").EDSR``."""
    from torchvision.transforms import functional

    sys.modules.setdefault("torchvision.transforms.functional_tensor", functional)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BasicSR uses deprecated names of SciPy
        return importlib.import_module(f"basicsr.{module}")
