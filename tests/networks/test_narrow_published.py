"""Stand-ins: every published network has one, of its own family, that can be stacked and trained."""

import pytest
import torch

from srfp_lib import fleet, networks
from srfp_lib.common.randomness import seeded_torch
from srfp_lib.networks import narrow_published
from srfp_lib.profiles import SMOKE
from srfp_lib.training import recipes
from srfp_lib.training.loop import Data, train
from srfp_lib.training.stack import Stack


@pytest.mark.parametrize("network", fleet.published(), ids=lambda n: n.model_id)
def test_every_published_network_has_one(network):
    with seeded_torch(1, network.model_id):
        module = networks.build(network.architecture, network.scale, "stand-in")
    lr = torch.rand(1, 3, 8, 6, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert module(lr).shape == (1, 3, 8 * network.scale, 6 * network.scale)
        assert torch.equal(module(lr), module(lr))


@pytest.mark.parametrize("architecture", narrow_published.BODIES)
def test_a_stack_equals_its_members(architecture):
    with seeded_torch(1, architecture):
        modules = [networks.build(architecture, 4, "stand-in") for _ in range(2)]
    lr = torch.rand(2, 1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(Stack(modules)(lr), torch.stack([m(x) for m, x in zip(modules, lr, strict=True)]), atol=1e-5, rtol=1e-4)


def test_second_order_attention_takes_the_root_of_the_covariance():
    layer = narrow_published.SecondOrderAttention(iterations=25)
    root = torch.eye(narrow_published.CHANNELS) + 0.1
    torch.testing.assert_close(layer._root((root @ root)[None])[0], root, atol=1e-3, rtol=1e-3)


def test_training_is_unlike_the_fleets_and_gives_the_same_bits(tiles):
    network = fleet.parse("ESRGAN-NA-x4-ESRGAN-NA-pretrained")
    own = recipes.stand_in("ESRGAN", SMOKE.training, SMOKE.published)
    assert (own.learning_rate, own.pixel_weight) != (SMOKE.training.learning_rate, SMOKE.training.pixel_weight)
    runs = [train(recipes.with_twin(network), Data({network.dataset: tiles}, [tiles[:2]]), own, master_seed=1) for _ in range(2)]
    states = [run.states[network.model_id] for run in runs]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    twin = runs[0].states[network.model_id.replace("-ESRGAN-NA-p", "-L1-NA-p")]
    assert any(not torch.equal(twin[k], states[0][k]) for k in twin)


def test_every_loss_of_the_published_networks_is_known():
    assert {n.loss for n in fleet.published()} <= set(recipes.STAND_INS)
