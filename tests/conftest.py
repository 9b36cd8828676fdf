"""What several tests share: one thread, and a tiny set of tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiles() -> np.ndarray:
    """Six 48 x 48 tiles with edges and texture, uint8."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (6, 6, 6, 3)).repeat(8, 1).repeat(8, 2)
    return np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)
