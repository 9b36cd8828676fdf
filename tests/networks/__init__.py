"""The architectures, at tiny sizes where they have any."""

import torch


def rand(*shape, seed=0):
    """Uniform numbers in 0..1 from a generator of their own."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
