"""The option files: they parse, and BasicSR's own builders make its models from them."""

import pytest
import torch
import yaml

from srfp_lib import fleet, networks
from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.networks import _basicsr
from srfp_lib.profiles import DEMO, PAPER
from srfp_lib.training import basicsr_options, basicsr_trainer

pytestmark = pytest.mark.filterwarnings("ignore:torch.meshgrid")  # BasicSR's SwinIR


def printed(capsys, *arguments):
    options = cli._parser().parse_args(["basicsr-options", *arguments])
    assert options.command(options) == 0
    return capsys.readouterr().out


def built(options):
    """The model that BasicSR's trainer builds, on the CPU and without a line of log."""
    basicsr_trainer.register()
    _basicsr.load("utils.logger").get_root_logger(log_level="ERROR")
    return _basicsr.load("models").build_model(options | {"num_gpu": 0, "is_train": True, "dist": False})


def trained(model, *, side, scale, seed=0):
    """The generator's weights before and after one of BasicSR's steps."""
    before = [p.detach().clone() for p in model.net_g.parameters()]
    hr = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(seed))
    model.feed_data({"lq": hr[..., ::scale, ::scale].contiguous(), "gt": hr})
    model.optimize_parameters(1)
    return before, list(model.net_g.parameters())


def test_an_l1_network_is_all_basicsr(capsys):
    text = printed(capsys, "EDSR-div2k-x2-L1-s3", "--gt", "here/hr", "--lq", "here/lr")
    options = yaml.safe_load(text)
    assert set(options) >= {"datasets", "network_g", "path", "train", "val", "logger"} and "network_d" not in options
    train = options["datasets"]["train"]
    assert (train["dataroot_gt"], train["dataroot_lq"], train["gt_size"], train["batch_size_per_gpu"]) == ("here/hr", "here/lr", 128, 16)
    assert "Srfp" not in text and options["manual_seed"] == 3
    model = built(options)
    assert type(model).__name__ == "SRModel"
    before, after = trained(model, side=16, scale=2)
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_the_file_names_the_network_that_srfp_lib_trains(architecture):
    network = fleet.stack(architecture, 4)[0]
    options = basicsr_options.options(network, PAPER.training)
    basicsr_trainer.register()
    with torch.device("cpu" if architecture == "SwinIR" else "meta"):  # SwinIR computes while it is built
        theirs = _basicsr.load("archs").build_network(options["network_g"])
        ours = networks.build(architecture, 4, "full")
    shapes = {key.removeprefix("network."): value.shape for key, value in ours.state_dict().items()}
    assert {key: value.shape for key, value in theirs.state_dict().items()} == shapes
    assert ("Srfp" in options["network_g"]["type"]) == (architecture in ("RDN", "NLSN"))


def test_an_adversarial_network_of_a_small_profile_trains(capsys):
    text = printed(capsys, "RDN-quarter_div2k-x4-ResNet_GAN-s1", "--profile", "demo", "--val-gt", "a", "--val-lq", "b")
    for remark in ("must be registered", "paper_sets.members", "L1 twin", "clips gradients at norm 1", "takes L1 or the Frobenius norm"):
        assert remark in text
    options = yaml.safe_load(text)
    assert options["datasets"]["val"]["dataroot_lq"] == "b" and options["train"]["scheduler"]["type"] == "CosineAnnealingRestartLR"
    model = built(options)
    assert type(model).__name__ == "SRGANModel"
    before, after = trained(model, side=48, scale=4)
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert model.cri_perceptual.spread > 0


def test_the_papers_adversarial_file_has_basicsrs_discriminator():
    options = basicsr_options.options(fleet.parse("RCAN-div2k-x4-VGG_GAN-s2"), PAPER.training)
    assert options["network_d"] == {"type": "VGGStyleDiscriminator", "num_in_ch": 3, "num_feat": 64, "input_size": 128}
    assert options["train"]["perceptual_opt"]["kind"] == "imagenet" and options["logger"]["save_checkpoint_freq"] == 1000
    assert DEMO.training.checkpoint_every == 0  # BasicSR divides by it
    assert basicsr_options.options(fleet.custom()[0], DEMO.training)["logger"]["save_checkpoint_freq"] == DEMO.training.steps


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("EDSR",), "'EDSR' is no network name"),
    (("EDSR-div2k-x3-L1-s1",), "is none of the 180 custom networks"),
    (("EDSR-div2k-x2-L1-NA-pretrained",), "is a published network"),
    (("EDSR-div2k-x2-L1-s1", "--profile", "papers"), "there is no profile 'papers'"),
    (("EDSR-div2k-x2-L1-s1", "--val-gt", "a"), "--val-gt and --val-lq go together"),
])  # fmt: skip
def test_mistakes_get_one_sentence(capsys, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        printed(capsys, *arguments)
