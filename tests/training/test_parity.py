"""The losses and the discriminator are BasicSR's and torchvision's own, with one set of random weights and none of our parts on their side."""

from dataclasses import replace

import pytest
import torch
import torchvision
from torch import nn
from torchvision import models

from srfp_lib import fleet
from srfp_lib.networks import _basicsr
from srfp_lib.profiles import PAPER
from srfp_lib.training import basicsr_trainer, perceptual
from srfp_lib.training.basicsr_options import options
from srfp_lib.training.trainer import Trainer

MADE = models.get_model


@pytest.fixture
def pretrained(monkeypatch):
    """torchvision's networks by name, with random weights in place of ImageNet's; their last layers stay empty."""
    made = {}

    def get_model(name, weights=None):
        if name not in made:
            torch.manual_seed(len(name))
            with torch.device("meta"):
                made[name] = MADE(name).eval()
            made[name].to_empty(device="cpu")
            for module in made[name].modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight)
                if isinstance(module, nn.BatchNorm2d):
                    module.reset_parameters()
                    module.running_mean.normal_()
                    module.running_var.uniform_(0.5, 2)
                if isinstance(module, nn.Conv2d | nn.BatchNorm2d) and module.bias is not None:
                    module.bias.data.normal_(0, 0.1)
        return made[name]

    monkeypatch.setattr(models, "get_model", get_model)
    monkeypatch.setattr(_basicsr.load("archs.vgg_arch").vgg, "vgg19", lambda pretrained: get_model("vgg19"))
    return get_model


def close(ours, theirs):
    """Equal up to rounding, as shares of the largest number."""
    largest = float(theirs.detach().abs().max())
    assert largest > 0
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4 * largest)


def rand(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("loss", "name", "layer"), [("VGG_GAN", "vgg19", "features.34"), ("ResNet_GAN", "resnet18", "layer3")])
def test_phi_is_torchvisions_layer_of_the_normalised_image(pretrained, loss, name, layer):
    net, image, seen = pretrained(name), rand(2, 3, 64, 48), []
    usual = models.get_model_weights(name).DEFAULT.transforms()
    hook = net.get_submodule(layer).register_forward_hook(lambda module, inputs, output: seen.append(output.clone()))
    with torch.no_grad():
        (net.features if name == "vgg19" else net)(torchvision.transforms.functional.normalize(image, usual.mean, usual.std))
        hook.remove()
        close(perceptual.build("imagenet", loss, master_seed=1)(image), seen[0])


def basicsrs_perceptual(criterion):
    return _basicsr.load("losses.basic_loss").PerceptualLoss({"conv5_4": 1.0}, perceptual_weight=0.7, criterion=criterion)


def test_the_perceptual_term_is_that_of_basicsrs_class(pretrained):
    """BasicSR's Frobenius norm, squared, is our mean times the count; the weight enters once on either side."""
    sr, hr = rand(2, 3, 64, 48).requires_grad_(), rand(2, 3, 64, 48, seed=1)
    ours, _ = basicsr_trainer.PerceptualTerm("imagenet", "VGG_GAN", weight=0.7, master_seed=1)(sr, hr)
    norm, _ = basicsrs_perceptual("fro")(sr, hr)
    theirs = (norm / 0.7).square() / (2 * 512 * 4 * 3) * 0.7
    close(ours, theirs)
    close(*(torch.autograd.grad(loss, sr)[0] for loss in (ours, theirs)))


def basicsrs_model(network, settings):
    """BasicSR's SRGANModel with its own discriminator and perceptual loss. Its criterion l2 names a class that torch lacks."""
    basicsr_trainer.register()
    whole = options(network, settings) | {"is_train": True, "dist": False, "num_gpu": 0}
    assert whole["network_d"]["type"] == "VGGStyleDiscriminator"
    model = _basicsr.load("models").build_model(whole)
    generator, discriminator = (player.states()[0] for player in Trainer((network,), settings, master_seed=1).players)
    model.net_g.load_state_dict(generator)
    model.net_d.load_state_dict({name.removeprefix("layers."): tensor for name, tensor in discriminator.items()})
    model.cri_perceptual = basicsrs_perceptual("l1")
    model.cri_perceptual.perceptual_weight, model.cri_perceptual.criterion = settings.perceptual_weight, nn.MSELoss()
    return model


@pytest.mark.slow
def test_the_gradients_of_both_players_are_basicsrs(pretrained):
    """The discriminator's batch norms are in training mode, as BasicSR's: for the generator and for itself."""
    network = next(n for n in fleet.stack("EDSR", 4) if n.loss == "VGG_GAN")
    settings = replace(PAPER.training, size="narrow", adversarial_weight=0.1)
    ours, theirs = Trainer((network,), settings, master_seed=1), basicsrs_model(network, settings)
    hr = rand(2, 3, 128, 128)
    lr = nn.functional.avg_pool2d(hr, 4)
    ours.step(lr[None], hr[None], 0)
    basicsr_trainer.step(theirs, lr, hr, 0)
    generator, discriminator = (player.parameters for player in ours.players)
    for name, weight in theirs.net_g.named_parameters():
        close(generator[name].grad, weight.grad)
    for name, weight in theirs.net_d.named_parameters():
        close(discriminator[f"layers.{name}"].grad, weight.grad)
