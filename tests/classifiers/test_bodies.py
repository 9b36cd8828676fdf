"""Small bodies: their answers do not depend on where an image begins."""

import pytest
import torch

from srfp_lib.classifiers.bodies import SMALL, Classifier, HighPass, Lattice
from srfp_lib.common.errors import UserError


@pytest.mark.parametrize("name", SMALL)
def test_small_bodies_give_features_and_logits(name):
    features, logits = Classifier(name, {"scale": 2, "loss": 3})(torch.rand(2, 3, 32, 34))
    assert features.shape == (2, 384) and {k: v.shape for k, v in logits.items()} == {"scale": (2, 2), "loss": (2, 3)}


@pytest.mark.parametrize("name", SMALL)
def test_the_answer_of_a_small_body_does_not_depend_on_where_an_image_begins(name):
    generator = torch.Generator().manual_seed(0)
    model = Classifier(name, {"a": 7}).eval()
    lattice = torch.rand(3, 32, 4, 4, generator=generator)
    for rows, columns in ((1, 0), (2, 3), (3, 1)):
        found, moved = (x.flatten(1) for x in (lattice, lattice.roll((rows, columns), (2, 3))))
        for of in (model.body.features, model.heads["a"]):
            torch.testing.assert_close(of(found), of(moved), rtol=1e-5, atol=1e-5)


def test_a_pattern_of_period_4_gives_the_same_answer_at_every_offset():
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)).tile(1, 1, 12, 12)
    model = Classifier("small_plain", {"a": 7}).eval()
    cuts = [image[..., row : row + 40, column : column + 40] for row in range(4) for column in range(4)]
    inside = [model.heads["a"](Lattice.apply(model.body.layers(cut)[..., 4:-4, 4:-4]).flatten(1)) for cut in cuts]  # edges are not periodic
    assert torch.allclose(torch.cat(inside), inside[0], atol=1e-4) and inside[0].std() > 0.01


@pytest.mark.parametrize("shape", [(2, 5, 8, 12), (1, 3, 4, 4)])
def test_the_lattice_is_the_mean_by_position_modulo_4(shape):
    maps = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    lattice = Lattice.apply(maps)
    assert torch.allclose(lattice[..., 1, 2].double(), maps[..., 1::4, 2::4].mean((2, 3)), atol=1e-6)
    weights = torch.rand_like(lattice)
    (lattice * weights).sum().backward()
    expected = torch.autograd.grad(sum((maps[..., r::4, c::4].mean((2, 3)) * weights[..., r, c]).sum() for r in range(4) for c in range(4)), maps)
    assert torch.allclose(maps.grad, expected[0], atol=1e-6)


def test_the_high_pass_filter_is_blind_to_flat_images():
    assert HighPass()(torch.full((1, 3, 8, 8), 0.3)).abs().max() < 1e-5


def test_unknown_backbones_are_named():
    with pytest.raises(UserError, match="the backbone 'convnext_bass'"):
        Classifier("convnext_bass", {"a": 2})
