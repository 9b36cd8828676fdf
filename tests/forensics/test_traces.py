"""What an image is judged by: its spectrum, and how neighbouring differences follow one another."""

import numpy as np

from srfp_lib.forensics import calibrating
from srfp_lib.forensics.calibrating import REDUCED, Samples
from srfp_lib.forensics.naming import PHOTOGRAPH
from srfp_lib.forensics.traces import GRAIN, LEVELS, grain, traces
from srfp_lib.images.spectrum import SPECTRUM, described


def test_triples_are_counted_as_by_hand():
    image = np.random.default_rng(1).integers(0, 12, (7, 9, 3)).astype(np.uint8)
    counts = np.zeros((LEVELS, LEVELS, LEVELS))
    for plane in (image[..., c].astype(int) for c in range(3)):
        for line in (*plane, *plane[:, ::-1], *plane.T, *plane.T[:, ::-1]):
            steps = np.clip(np.diff(line), -3, 3) + 3
            for triple in zip(steps, steps[1:], steps[2:], strict=False):
                counts[triple] += 1
    assert np.allclose(grain(image[None])[0, : GRAIN // 2], np.sqrt(counts / counts.sum()).ravel())


def test_grain_is_the_same_mirrored_and_knows_noise_from_smoothness():
    rng = np.random.default_rng(2)
    noisy = rng.integers(100, 110, (1, 32, 32, 3)).astype(np.uint8)
    smooth = np.broadcast_to((4 * np.arange(32, dtype=np.uint8))[:, None], (1, 32, 32, 3))
    assert np.allclose(grain(noisy), grain(noisy[:, ::-1, ::-1])) and np.allclose(np.square(grain(noisy)).sum(), 2)
    assert (grain(noisy) > 0).sum() > 300 > 60 > (grain(smooth) > 0).sum()


def test_traces_are_spectrum_and_grain():
    images = np.random.default_rng(3).integers(0, 256, (2, 40, 40, 3)).astype(np.uint8)
    found = traces(images)
    assert np.array_equal(found[:, :SPECTRUM], described(images)) and np.array_equal(found[:, SPECTRUM:], grain(images))


def test_photographs_at_half_size_are_shown_to_the_machines_alone():
    rng = np.random.default_rng(4)
    sources = ("EDSR-div2k-x2-L1-s1", "EDSR-div2k-x2-L1-s2", PHOTOGRAPH)
    x = traces(rng.integers(0, 256, (36, 40, 40, 3)).astype(np.uint8))
    samples = Samples(x, np.arange(36) % 3, np.arange(36) // 3, np.zeros(36, int))
    half = Samples(x[:4] + 1, np.full(4, 2), np.arange(4), np.full(4, REDUCED))
    one, other = (calibrating.gaussians(some, sources, 40) for some in (samples, Samples.joined([samples, half])))
    assert np.array_equal(one.weights, other.weights) and np.array_equal(one.mean, other.mean)
    assert not np.array_equal(one.photograph(x), other.photograph(x))
