"""Random numbers come from generators named after their purpose, so that no result depends on the order of work."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def seed(master_seed: int, *names: object) -> int:
    """A 63-bit seed from the master seed and names.

    >>> seed(1, "crops", "div2k") == seed(1, "crops", "div2k") != seed(2, "crops", "div2k")
    True
    """
    text = "/".join(str(part) for part in (master_seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def numpy_generator(master_seed: int, *names: object) -> np.random.Generator:
    """A NumPy generator for one purpose."""
    return np.random.default_rng(seed(master_seed, *names))


def torch_generator(master_seed: int, *names: object) -> torch.Generator:
    """A torch CPU generator for one purpose."""
    import torch

    return torch.Generator().manual_seed(seed(master_seed, *names))


@contextmanager
def seeded_torch(master_seed: int, *names: object) -> Generator[None]:
    """Seeds torch's global random state within the block, for what draws from it: weight initialisation and dropout."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed(master_seed, *names))
        yield
