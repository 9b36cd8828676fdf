"""A stack of networks trains as its members would alone."""

from dataclasses import replace

import pytest
import torch

from srfp_lib import fleet
from srfp_lib.profiles import SMOKE
from srfp_lib.training import batches
from srfp_lib.training.batches import Tiles
from srfp_lib.training.stack import Stack
from srfp_lib.training.trainer import Trainer, fresh

SETTINGS = replace(SMOKE.training, steps=3, adversarial_steps=3, batch=2, patch=32)


@pytest.fixture(autouse=True)
def double_precision():
    """Adam divides by the gradient's size, so that float32 rounding of tiny gradients would show."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def three_steps(networks, tiles):
    """Train on the same crops whoever is in the stack."""
    trainer = Trainer(networks, SETTINGS, master_seed=1)
    sets = [Tiles.of(tiles, networks[0].scale)] * len(networks)
    draws = [batches.draw(sets[0], steps=3, batch=2, patch=32, name=(n.dataset, n.seed), master_seed=1) for n in networks]
    trainer.calibrate(batches.batch_of(sets, draws, 0, patch=32)[1].double())
    for step in range(3):
        trainer.step(*(t.double() for t in batches.batch_of(sets, draws, step, patch=32)), step)
    return trainer.generator.states()


@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_a_stacked_step_equals_the_separate_steps(architecture, tiles):
    networks = tuple(n for n in fleet.stack(architecture, 4) if n.loss == "L1")[:3]
    together = three_steps(networks, tiles)
    for network, state in zip(networks, together, strict=True):
        alone = three_steps((network,), tiles)[0]
        for key, value in alone.items():
            torch.testing.assert_close(state[key], value, rtol=0, atol=1e-8)


def test_an_adversarial_stack_equals_the_separate_steps(tiles):
    networks = tuple(n for n in fleet.stack("EDSR", 2) if n.adversarial and n.dataset == "div2k")[2:4]
    assert {n.loss for n in networks} == {"VGG_GAN", "ResNet_GAN"}
    spread = Trainer(networks, SETTINGS, master_seed=1)
    assert list(spread.phi) == ["VGG_GAN", "ResNet_GAN"]
    together = three_steps(networks, tiles)
    for network, state in zip(networks, together, strict=True):
        alone = three_steps((network,), tiles)[0]
        for key, value in alone.items():
            torch.testing.assert_close(state[key], value, rtol=0, atol=1e-8)


def test_states_are_those_of_the_modules():
    modules = [fresh(n, SETTINGS, master_seed=1) for n in fleet.stack("SwinIR", 4)[:2]]
    for module, state in zip(modules, Stack(modules).states(), strict=True):
        assert module.state_dict().keys() == state.keys()
        assert all(torch.equal(module.state_dict()[k], v) for k, v in state.items())


def test_clipping_is_per_network():
    stack = Stack([torch.nn.Linear(2, 1, bias=False) for _ in range(2)])
    weight = stack.tensors()[0]
    weight.grad = torch.tensor([[[3.0, 4.0]], [[0.3, 0.4]]])
    stack.clip_(1.0)
    torch.testing.assert_close(weight.grad, torch.tensor([[[0.6, 0.8]], [[0.3, 0.4]]]), rtol=1e-4, atol=1e-5)


def test_frozen_weights_are_left_out():
    """The mean shifts of a full-size NLSN are constants."""
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1).requires_grad_(False), torch.nn.Conv2d(3, 3, 1))
    assert {id(p) for p in Stack([module]).tensors()} == {id(p) for p in module[1].parameters()}
    assert set(Stack([module]).states()[0]) == {"0.weight", "0.bias", "1.weight", "1.bias"}
