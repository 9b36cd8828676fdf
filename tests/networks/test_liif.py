"""LIIF: equal to its definition with grid_sample and unfold, any scale, batches, names."""

import pytest
import torch
import torch.nn.functional as F

from srfp_lib.common.errors import UserError
from srfp_lib.networks import liif
from tests.networks import rand


def tiny():
    torch.manual_seed(0)
    return liif.LIIF(torch.nn.Conv2d(3, 4, 3, padding=1), features=4, hidden=16).eval()


def centres(h, w):
    rows, columns = (-1 + (2 * torch.arange(n) + 1) / n for n in (h, w))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)


def by_definition(network, lr, height, width):
    """Section 3 of the paper, pixel by pixel: unfolding, four shifted neighbours, cell, opposite areas."""
    h, w = lr.shape[2:]
    features = F.unfold(network.encoder(lr), 3, padding=1).unflatten(2, (h, w))
    where, at = centres(h, w).permute(2, 0, 1)[None], centres(height, width)
    colours, areas = [], []
    for down in (-1, 1):
        for right in (-1, 1):
            moved = at + torch.tensor([down / h + 1e-6, right / w + 1e-6])
            grid = moved.clamp(-1 + 1e-6, 1 - 1e-6).flip(-1)[None]
            known, centre = (F.grid_sample(m, grid, mode="nearest", align_corners=False)[0] for m in (features, where))
            away = (at - centre.permute(1, 2, 0)) * torch.tensor([h, w])
            cell = torch.tensor([2 / height * h, 2 / width * w]).expand(height, width, 2)
            colours.append(network.imnet.layers(torch.cat([known.permute(1, 2, 0), away, cell], -1)))
            areas.append(away.prod(-1).abs() + 1e-9)
    mixed = sum(c * a[..., None] for c, a in zip(colours, reversed(areas), strict=True)) / sum(areas)[..., None]
    return mixed.permute(2, 0, 1)[None]


@pytest.mark.parametrize("size", [(10, 12), (20, 24), (1, 1), (13, 9)])
def test_equal_to_its_definition(size):
    network, lr = tiny(), rand(1, 3, 5, 6)
    with torch.inference_mode():
        torch.testing.assert_close(network(lr, size), by_definition(network, lr, *size), rtol=0, atol=1e-5)


def test_the_number_of_queries_at_once_changes_nothing():
    network, lr = tiny(), rand(2, 3, 5, 6)
    torch.testing.assert_close(network(lr, (15, 18), queries=1), network(lr, (15, 18)), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("scale", "size"), [(2, (10, 14)), (1.5, (8, 10)), (0.1, (1, 1)), (3.14, (16, 22))])
def test_any_scale(scale, size):
    assert liif.upscale(tiny(), rand(1, 3, 5, 7), scale=scale).shape == (1, 3, *size)


@pytest.mark.parametrize(("variant", "parameters", "tensors"), [("rdn", 22_320_835, 306), ("edsr-baseline", 1_567_323, 82)])
def test_published_size_and_names(variant, parameters, tensors):
    network = liif.build(variant, 2)
    assert sum(p.numel() for p in network.parameters()) == parameters
    names = liif.official(network.state_dict(), variant)
    assert len(names) == tensors and names["imnet.layers.0.weight"].shape == (256, 580)
    if variant == "rdn":
        assert names["encoder.RDBs.15.convs.7.conv.0.weight"].shape == (64, 512, 3, 3)
    else:
        assert names["encoder.add_mean.bias"].tolist() == pytest.approx([0.4488, 0.4371, 0.4040])


@pytest.mark.parametrize("scale", [0, -2, float("inf"), "2"])
def test_no_scale(scale):
    with pytest.raises(UserError, match="LIIF cannot enlarge by"):
        liif.upscale(tiny(), rand(1, 3, 4, 4), scale=scale)
