"""Our training step is BasicSR's: the same start and batches give the same weights, for all three losses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from srfp_lib import fleet
from srfp_lib.images.superresolve import to_float
from srfp_lib.profiles import PAPER
from srfp_lib.training import basicsr_options, basicsr_trainer
from srfp_lib.training.trainer import Trainer

SETTINGS = replace(PAPER.training, size="narrow", perceptual="seeded", discriminator="small", steps=5, adversarial_steps=5)


CASES = [*(("EDSR", loss, weight) for loss in fleet.LOSSES for weight in (0.0, 0.01)),
         *((name, loss, 0.01) for name in fleet.ARCHITECTURES[1:] for loss in ("L1", "VGG_GAN"))]  # fmt: skip


@pytest.mark.parametrize(("architecture", "loss", "pixel_weight"), CASES)
def test_five_steps_give_the_same_weights(architecture, loss, pixel_weight, tiles):
    network = next(n for n in fleet.stack(architecture, 2) if n.loss == loss)
    settings = replace(SETTINGS, pixel_weight=pixel_weight, adversarial_weight=0.1)
    ours, theirs = Trainer((network,), settings, master_seed=1), basicsr_trainer.model(network, settings, master_seed=1)
    rng = np.random.default_rng(0)
    for index in range(5):
        hr = to_float(tiles[rng.integers(len(tiles), size=2)])
        lr = torch.nn.functional.interpolate(hr, scale_factor=0.5)
        if not index:
            ours.calibrate(hr[None])
        ours.step(lr[None], hr[None], index)
        basicsr_trainer.step(theirs, lr, hr, index)
    start = Trainer((network,), settings, master_seed=1).generator.states()[0]
    found = theirs.net_g.state_dict()
    for key, value in found.items():
        torch.testing.assert_close(ours.generator.states()[0][key], value, rtol=0, atol=2e-6)
    assert all(not torch.equal(start[key], found[key]) for key, _ in theirs.net_g.named_parameters())


def test_the_option_file_has_the_papers_numbers():
    found = basicsr_options.options(fleet.parse("RCAN-div2k-x4-VGG_GAN-s2"), PAPER.training)
    assert found["model_type"] == "SRGANModel" and found["train"]["total_iter"] == 50_000
    assert found["train"]["optim_g"]["lr"] == 1e-4 and found["train"]["gan_opt"]["loss_weight"] == 1e-3
    assert "pixel_opt" not in found["train"] and found["manual_seed"] == 2
