"""NLSN: attention equals its definition over several chunks and rounds; rotations, chop, refusals."""

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.networks import nlsn
from tests.networks import rand


def tiny():
    torch.manual_seed(0)
    return nlsn.NLSN(2, blocks=2, features=16, every=1).eval()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def by_definition(layer, x, rotation):
    """Every hash round in full: sort, pad with the last rows, chunks and their neighbours, softmax over rounds."""
    query, value = (part(x)[0].flatten(1).T for part in (layer.conv_match, layer.conv_assembly))
    results, weights = [], []
    for k in range(layer.rounds):
        projected = query @ rotation[0, :, k]
        order = torch.sort(torch.cat([projected, -projected], 1).argmax(1), stable=True).indices
        missing = -len(order) % layer.chunk
        padded = torch.cat([order, order[len(order) - missing :]]).reshape(-1, layer.chunk)
        mixed, total = torch.zeros_like(value), torch.zeros(len(value))
        for c, own in enumerate(padded):
            seen = torch.cat([own, padded[c - 1], padded[(c + 1) % len(padded)]])
            score = query[own] @ (query[seen] / query[seen].norm(dim=1, keepdim=True).clamp(min=5e-5)).T
            real = min(layer.chunk, len(order) - c * layer.chunk)
            mixed[own[:real]] = (torch.softmax(score, 1) @ value[seen])[:real]
            total[own[:real]] = score.logsumexp(1)[:real]
        results.append(mixed)
        weights.append(total)
    share = torch.softmax(torch.stack(weights), 0)
    return x + 0.1 * (torch.stack(results) * share[..., None]).sum(0).T.reshape(x.shape)


@pytest.mark.parametrize("size", [(5, 8), (7, 9), (4, 5)])
def test_attention_equals_its_definition(size, monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(nlsn, "CHUNKS_AT_ONCE", 3)
    layer, x = nlsn.SparseAttention(16, chunk=5, rounds=3), rand(1, 16, *size)
    rotation = torch.randn(layer.rotation_shape(x), generator=seeded())
    with torch.inference_mode():
        torch.testing.assert_close(layer(x, rotation), by_definition(layer, x, rotation), rtol=0, atol=1e-5)


def test_training_reaches_every_weight():
    torch.manual_seed(0)
    network = tiny()
    network(rand(2, 3, 12, 13)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters() if p.requires_grad)


def test_in_training_the_tail_computes_no_row_twice():
    network, rows = tiny(), []
    network.tail[1].register_forward_pre_hook(lambda _, inputs: rows.append(inputs[0].shape[2]))
    lr = rand(1, 3, 24, 12)
    whole = network(lr, nlsn.seeded_draw(1))
    assert rows == [48]
    with torch.no_grad():
        torch.testing.assert_close(network(lr, nlsn.seeded_draw(1)), whole, rtol=0, atol=1e-6)
    assert sum(rows[1:]) > 48  # strips with their margins


def test_rotations_are_the_generators():
    network, lr, shapes = tiny(), rand(1, 3, 13, 12), [(1, 4, 4, 1)] * 3
    generator = seeded(3)
    rotations = [torch.randn(shape, generator=generator) for shape in shapes]
    with torch.inference_mode():
        given = nlsn.upscale(network, lr, scale=2, rotations=rotations)
        assert torch.equal(given, nlsn.upscale(network, lr, scale=2, generator=seeded(3)))
        assert given.shape == (1, 3, 26, 24)


def test_the_official_chop():
    network, lr, sizes = tiny(), rand(1, 3, 46, 44), []
    network.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape[2:])))
    with torch.inference_mode():
        assert nlsn.upscale(network, lr, scale=2, chop=True, generator=seeded()).shape == (1, 3, 92, 88)
    assert sizes == [(36, 40)] * 4  # 23 + 10 and 22 + 10, raised to the next multiple of 4 and of 8


def test_refusals():
    network = tiny()
    with pytest.raises(UserError, match="cannot take 11 x 13: give at least 12 x 12"):
        nlsn.upscale(network, rand(1, 3, 11, 13), scale=2, generator=seeded())
    with pytest.raises(UserError, match="give a generator or rotations"):
        nlsn.upscale(network, rand(1, 3, 12, 12), scale=2)
    with pytest.raises(UserError, match="too few rotations"):
        nlsn.upscale(network, rand(1, 3, 12, 12), scale=2, rotations=[torch.zeros(1, 4, 4, 1)])
    with pytest.raises(UserError, match="a rotation of shape \\(2, 2\\)"):
        nlsn.upscale(network, rand(1, 3, 12, 12), scale=2, rotations=torch.zeros(3, 2, 2))
    with pytest.raises(UserError, match="cannot be chopped"):
        nlsn.upscale(network, rand(1, 3, 20, 20), scale=2, chop=True, generator=seeded())
