"""What a training seed changes, and what it leaves alone, as the page "Choices" says (D10)."""

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from srfp_lib import fleet
from srfp_lib.networks import _basicsr
from srfp_lib.profiles import SMOKE
from srfp_lib.training import batches, loop
from srfp_lib.training.trainer import Trainer, fresh

SETTINGS = replace(SMOKE.training, steps=4, adversarial_steps=4, batch=2, patch=32)
SEEDS = tuple(n for n in fleet.stack("EDSR", 4) if n.dataset == "div2k")  # three losses, three seeds each


def of(loss: str, seed: int) -> fleet.Network:
    return next(n for n in SEEDS if (n.loss, n.seed) == (loss, seed))


def equal(one, other) -> bool:
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture(scope="module")
def crops(tiles):
    """The tile, LR row, LR column and turn of every crop of the trainings, by network."""
    found, batch_of = {}, batches.batch_of
    with pytest.MonkeyPatch.context() as patch:

        def recorded(sets, draws, step, **how):
            found[len(found)] = draws
            return batch_of(sets, draws, step, **how)

        patch.setattr(batches, "batch_of", recorded)
        loop.train(SEEDS, loop.Data({"div2k": tiles}, [tiles[:2]]), SETTINGS, master_seed=1)
    drawn = [draw for phase in (0, len(found) - 1) for draw in found[phase]]
    return dict(zip([*(n for n in SEEDS if not n.adversarial), *(n for n in SEEDS if n.adversarial)], drawn, strict=True))


def test_seeds_draw_tiles_places_and_turns_of_their_own(crops):
    for loss in fleet.LOSSES:
        for one, other in combinations((crops[of(loss, seed)] for seed in fleet.SEEDS), 2):
            assert all((one[..., part] != other[..., part]).any() for part in range(4))


def test_the_losses_of_a_seed_see_the_same_crops(crops):
    """So the adversarial phase has the tiles of the L1 phase once more, as BasicSR's sampler, seeded by the epoch, has."""
    for seed in fleet.SEEDS:
        assert all(np.array_equal(crops[of("L1", seed)], crops[of(loss, seed)]) for loss in fleet.LOSSES)


def test_a_shorter_phase_has_the_first_tiles_in_the_same_order(tiles):
    sets = batches.Tiles.of(tiles, 4)
    long, short = (batches.draw(sets, steps=steps, batch=2, patch=32, name=("div2k", 1), master_seed=1) for steps in (9, 4))
    assert np.array_equal(long[:4, :, 0], short[..., 0]) and (long[:4, :, 1:] != short[..., 1:]).any()


def test_seeds_have_initial_weights_and_discriminators_of_their_own():
    trainer = Trainer(tuple(of("VGG_GAN", seed) for seed in fleet.SEEDS), SETTINGS, master_seed=1)
    for player in trainer.players:
        assert not any(equal(one, other) for one, other in combinations(player.states(), 2))
    assert list(trainer.phi) == ["VGG_GAN"]  # one for all


def test_training_set_and_loss_do_not_change_the_initial_weights():
    first, *others = (fresh(n, SETTINGS, master_seed=1).state_dict() for n in fleet.stack("EDSR", 4) if n.seed == 1)
    assert len(others) == 11 and all(equal(first, other) for other in others)


def test_in_basicsr_all_seeds_have_one_order_of_images_and_share_streams_of_crops():
    sampler = _basicsr.load("data.data_sampler").EnlargedSampler(range(5), 1, 0, 2)
    orders = []
    for seed in fleet.SEEDS:
        torch.manual_seed(seed)
        orders.append(list(sampler))
    assert orders[0] == orders[1] == orders[2]
    streams = []
    for worker, seed in ((1, 1), (0, 2)):
        _basicsr.load("data").worker_init_fn(worker, num_workers=4, rank=0, seed=seed)
        streams.append([random.random() for _ in range(3)])
    assert streams[0] == streams[1]
