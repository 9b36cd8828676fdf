"""The colour control sees casts and nothing else."""

import numpy as np

from srfp_lib.classifiers import colour


def test_casts_are_told_apart_and_texture_is_not_seen():
    rng = np.random.default_rng(0)
    hr = rng.integers(40, 200, (24, 8, 8, 3), dtype=np.uint8)
    casts = {"red": (5, 0, 0), "green": (0, 5, 0), "none": (0, 0, 0)}
    noise = {name: rng.integers(-1, 2, hr.shape) for name in casts}
    offsets = {name: colour.offset((hr + noise[name] + cast).astype(np.uint8), hr) for name, cast in casts.items()}
    train, test = (np.concatenate([o[part] for o in offsets.values()]) for part in (slice(0, 16), slice(16, 24)))
    scores = colour.log_probabilities(train, np.repeat(list(casts), 16).tolist(), test, list(casts))
    assert (scores.argmax(1) == np.repeat(range(3), 8)).all()
    assert abs(offsets["red"].mean(0) - (5, 0, 0)).max() < 0.1
