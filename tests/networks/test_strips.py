"""Strips with the margins that the networks give themselves: the whole network in strips is the network on the whole image."""

import pytest
import torch

from srfp_lib.networks import drn, edsr, enhancenet, esrgan, parts, prosr, rdn, spsr, srfbn, swinir, tiling
from tests.networks import rand


def loud(network):
    """Fusion with larger weights: its three blocks pass on 0.2 of each other, so that far rows hardly count."""
    for parameter in network.f_block.parameters():
        parameter.data.mul_(6)
    return network


REAL = swinir.REAL | {"side": 16, "groups": 1, "features": 16, "heads": 4, "resi_connection": "3conv"}
# The module whose strips are cut, and a small network of the family.
NETWORKS = {
    "EDSR x2": (parts, lambda: edsr.EDSR(2, 4, 1)),
    "EDSR x4": (parts, lambda: edsr.EDSR(4, 4, 1)),
    "RDN x2": (rdn, lambda: rdn.RDN(2, features=4, blocks=1, layers=1, growth=2)),
    "RDN x4": (rdn, lambda: rdn.RDN(4, features=4, blocks=1, layers=1, growth=2)),
    "SwinIR x2": (swinir, lambda: swinir.make(swinir.settings(2, side=16, groups=1, features=12, heads=2))),
    "SwinIR x4": (swinir, lambda: swinir.make(swinir.settings(4, side=16, groups=1, features=12, heads=2))),
    "SwinIR real": (swinir, lambda: swinir.make(swinir.settings(4, **REAL))),
    "ESRGAN x2": (esrgan, lambda: esrgan.RRDBNet(2, features=4, growth=2, blocks=1)),
    "ESRGAN x4": (esrgan, lambda: esrgan.RRDBNet(4, features=4, growth=2, blocks=1)),
    "SRFBN x2": (srfbn, lambda: srfbn.SRFBN(2, features=4, groups=2, steps=2)),
    "SRFBN x4": (srfbn, lambda: srfbn.SRFBN(4, features=4, groups=2, steps=2)),
    "SPSR": (spsr, lambda: loud(spsr.SPSR(features=4, growth=2, blocks=20))),
    "ProSR": (prosr, lambda: prosr.ProSR(units=(1, 1), features=8, growth=2)),
    "EnhanceNet": (enhancenet, lambda: enhancenet.EnhanceNet(features=4)),
    "DRN": (drn, lambda: drn.DRN(4, 1)),
}
LARGE = {"EDSR", "SRFBN", "DRN"}  # on 0..255


@pytest.fixture(params=NETWORKS)
def enlarged(request, monkeypatch):
    """An image as a network enlarges it in strips of some rows, with its margins less some rows."""
    torch.manual_seed(0)
    module, make = NETWORKS[request.param]
    network, lr = make().double().eval(), rand(1, 3, 72, 8).double()

    def enlarge(rows, less=0):
        def cut(layers, *maps, margin, pixels):
            return tiling.in_strips(layers, *maps, margin=margin - min(less, margin), pixels=rows * min(m.shape[3] for m in maps))

        monkeypatch.setattr(module, "in_strips", cut)
        with torch.no_grad():
            return network(255 * lr) / 255 if request.param.split()[0] in LARGE else network(lr)

    return enlarge


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
def test_strips_are_exact_and_need_their_margins(enlarged):
    whole = enlarged(10**6)
    for rows in (3, 10, 24):
        torch.testing.assert_close(enlarged(rows), whole, rtol=0, atol=1e-11)
    assert (enlarged(10, less=10**6) - whole).abs().max() > 1e-9  # without margins the strips show
