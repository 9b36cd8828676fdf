"""The figures that show fingerprints: blink, average, swatches, phase and the quiz. Each function returns its data and a still picture."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from .. import fleet
from ..experiments.uncertainty import Accuracy
from ..fingerprints import lattice
from ..images.superresolve import downscale
from .encoded import grey, sheet, small, webp

Made = tuple[dict[str, Any], bytes]
SIDE = 64  # pixels of a detail
TILES = ("chelsea_r1_c1", "astronaut_r1_c2", "motorcycle_r2_c1")  # an eye, a smile, a wheel; where a run has others, its first images
LOOK = 24  # pixels of the corner that is averaged
SHIFTS = [(row, column) for row in range(lattice.PERIOD) for column in range(lattice.PERIOD)]


def one(loss: str, seed: int, architecture: str = "EDSR", scale: int = 4) -> str:
    """The name of a network trained on all of DIV2K.

    >>> one("L1", 2)
    'EDSR-div2k-x4-L1-s2'
    """
    return f"{architecture}-div2k-x{scale}-{loss}-s{seed}"


def _three(loss: str, architecture: str = "EDSR", scale: int = 4) -> list[str]:
    return [one(loss, seed, architecture, scale) for seed in fleet.SEEDS]


def detail(study: Any, model_id: str, image: str) -> np.ndarray:
    """The corner of an image, uint8 64 x 64 x 3 unless the image is smaller."""
    return study.pixels(model_id, image)[:SIDE, :SIDE]


def blink(study: Any) -> Made:
    """Details as two seeds of EDSR 4X made them, for three losses, and the small image that both were given."""
    images = study.photographs("images")
    first = images.groupby("photograph", sort=False)["image"].first()
    credits_ = study.photographs().set_index("photograph")
    shown = [name for name in (*TILES, *first) if name in set(images["image"])][: len(TILES)]
    tiles = []
    for name in shown:
        photograph = images.set_index("image").loc[name, "photograph"]
        truth = detail(study, fleet.HR, name)
        tiles.append({"name": str(photograph), "credit": _credit(credits_.loc[photograph]), "low": webp(downscale(truth[None], 4)[0]),
                      "seeds": {loss: [webp(detail(study, one(loss, seed), name)) for seed in (1, 2)] for loss in fleet.LOSSES}})  # fmt: skip
    pair = [detail(study, one("VGG_GAN", seed), shown[0]) for seed in (1, 2)]
    still = [downscale(detail(study, fleet.HR, shown[0])[None], 4)[0], *pair, grey(pair[1].astype(float) - pair[0], 8.0)]
    return {"tiles": tiles, "losses": {loss: study.spelled(loss) for loss in fleet.LOSSES}}, sheet([still], 192)


def _credit(row: pd.Series) -> str:
    return ", ".join(str(row[name]) for name in ("credit", "licence") if isinstance(row[name], str) and row[name])


def average(study: Any) -> Made:
    """Mean image and mean residuals over ever more images, the busiest first, then in turn; three seeds, two losses."""
    groups = study.photographs("images").groupby("photograph", sort=False)["image"].apply(list)
    names = [name for name in chain.from_iterable(zip_longest(*groups)) if name][:160]
    busiest = max(names, key=lambda name: _corner(study, one("VGG_GAN", 1), name).std())  # one image alone should hide the pattern
    names.sort(key=lambda name: name != busiest)
    steps = [n for n in (1, 2, 4, 8, 16, 32, 64) if n < len(names)] + [len(names)]
    networks = {loss: _three(loss) for loss in ("L1", "VGG_GAN")}
    means = {model_id: _running(np.stack([_corner(study, model_id, name) for name in names])) for group in networks.values() for model_id in group}
    pictures = _running(np.stack([study.pixels(one("VGG_GAN", 1), name)[:48, :48] for name in names]).astype(float))
    residuals = {loss: [[small(means[model_id][n - 1]) for model_id in group] for n in steps] for loss, group in networks.items()}
    ends = [[pictures[n - 1].round().astype(np.uint8), *(_stretched(means[m][n - 1]) for m in networks["VGG_GAN"])] for n in (1, steps[-1])]
    data = {"steps": steps, "side": LOOK, "pictures": [webp(pictures[n - 1].round().astype(np.uint8)) for n in steps], "residuals": residuals,
            "losses": {loss: study.spelled(loss) for loss in networks}}  # fmt: skip
    return data, sheet(ends, 144)


def _corner(study: Any, model_id: str, name: str) -> np.ndarray:
    """The residual 4 pixels inside the corner: the outermost pixels have no neighbours."""
    start = lattice.PERIOD
    return lattice.residual(study.pixels(model_id, name)[None, : LOOK + 2 * start, : LOOK + 2 * start])[0, start : start + LOOK, start : start + LOOK]


def _running(values: np.ndarray) -> np.ndarray:
    """The means of the first 1, 2, 3 ... of them."""
    return values.cumsum(0, dtype=float) / np.arange(1, len(values) + 1).reshape(-1, *[1] * (values.ndim - 1))


def _stretched(values: np.ndarray) -> np.ndarray:
    """Colours around grey, the contrast stretched to what is there."""
    return grey(values - values.mean((0, 1)), 45 / max(float(values.std()), 1e-6))


def swatches(study: Any) -> Made:
    """The mean pattern of every custom network, less its mean colour, and its strength."""
    networks, patterns = _patterns(study)
    means = patterns.mean(1)
    means = means - means.mean((1, 2), keepdims=True)
    strong = [round(lattice.strength(*halves), 3) for halves in patterns]
    values = {name: study.spelled(name) for name in (*fleet.LOSSES, *fleet.DATASETS)}
    rows = [[_stretched(means[networks.index(one(loss, seed))]) for seed in fleet.SEEDS] for loss in fleet.LOSSES]
    return {"networks": networks, "patterns": [small(mean) for mean in means], "strength": strong, "spelled": values}, sheet(rows, 96)


def _patterns(study: Any) -> tuple[list[str], Float32[np.ndarray, "n 2 4 4 3"]]:
    """The custom networks and the mean patterns of two halves of their training images."""
    table, patterns, _ = study.pictured()
    mine = (table["group"] == "custom").to_numpy() & (table["model_id"] != fleet.HR).to_numpy()
    return list(table["model_id"][mine]), np.asarray(patterns[mine])


def phase(study: Any, most: int = 10) -> Made:
    """How often the nearest mean pattern names the network when the image begins 0 to 3 pixels further down and right, and with a search.

    Means are of training photographs, images of the test photographs of run 1. Rolling a pattern is shifting its image, but for the edge.
    """
    classes, halves = _patterns(study)
    index, means = study.predictions("attribution")[0].index, halves.mean(1)
    images = index.drop_duplicates("image")[["image", "photograph"]]
    images = images.iloc[np.linspace(0, len(images) - 1, min(most, len(images))).round().astype(int)]
    crop = study.profile.fingerprints.crop
    tested = index.assign(run=1).merge(images[["image"]])[["run", "model_id", "image", "photograph"]]
    pairs = zip(tested["model_id"], tested["image"], strict=True)
    shown = np.concatenate([lattice.patterns(study.pixels(model_id, image)[None, :crop, :crop]) for model_id, image in pairs])
    rolled = {shift: np.roll(shown, (-shift[0], -shift[1]), (1, 2)) for shift in SHIFTS}
    answers = {shift: _nearest(pattern, means) for shift, pattern in rolled.items()}
    names = np.array(classes, dtype=object)
    places = [_rate(tested, names[answer]) for answer in answers.values()]
    found = lattice.scores(shown, means).argmax(1)
    right = (answers[0, 0] == found) & (names[found] == tested["model_id"]) & tested["model_id"].str.contains("x4-VGG")
    best = max(np.flatnonzero(right) if right.any() else [0], key=lambda row: detail(study, *tested.loc[row, ["model_id", "image"]]).std())
    example, pixels = tested.iloc[best], detail(study, *tested.loc[best, ["model_id", "image"]])
    data = {"network": example["model_id"], "image": webp(pixels), "pattern": small(shown[best] - shown[best].mean((0, 1))),
            "mean": small(_of(means, classes, example["model_id"])), "answers": [str(names[answer[best]]) for answer in answers.values()],
            "found": str(names[found[best]]), "places": places, "search": _rate(tested, names[found]), "chance": 1 / len(classes),
            "images": len(images), "photographs": int(images["photograph"].nunique())}  # fmt: skip
    still = [pixels[:16, :16], pixels[1:17, 2:18], _stretched(shown[best]), _stretched(rolled[1, 2][best])]
    return data, sheet([still], 160)


def _of(means: np.ndarray, classes: list[str], model_id: str) -> np.ndarray:
    mean = means[classes.index(model_id)]
    return mean - mean.mean((0, 1))


def _nearest(shown: Float32[np.ndarray, "n 4 4 3"], means: Float32[np.ndarray, "k 4 4 3"]) -> np.ndarray:
    """The numbers of the nearest means, looked at in one place alone."""
    flat, templates = shown.reshape(len(shown), -1), means.reshape(len(means), -1)
    return (2 * flat @ templates.T - np.square(templates).sum(1)).argmax(1)


def _rate(tested: pd.DataFrame, answers: np.ndarray) -> list[float | None]:
    """Accuracy and its 95 % interval, None where there are too few photographs for one."""
    estimate = Accuracy.of(tested.assign(correct=answers == tested["model_id"].to_numpy())).estimate()
    return [None if np.isnan(value) else round(value, 4) for value in (estimate.value, estimate.low, estimate.high)]


def quiz(study: Any, rounds: int = 10) -> Made:
    """Ten test images of run 1, each by one of three seeds: what the 48 numbers and the CNN answer when they know the other two as well."""
    classes, halves = _patterns(study)
    run, means, asked = study.predictions("attribution")[0], halves.mean(1), []
    rng = np.random.default_rng(study.profile.master_seed)
    images = list(run.index["image"].unique())
    for number in range(rounds):
        loss, architecture = fleet.LOSSES[(number + 1) % 3], fleet.ARCHITECTURES[number % 5]  # begins with an adversarial loss
        scale, truth, image = int(rng.choice(fleet.SCALES)), int(rng.integers(3)), str(rng.choice(images))
        three = _three(loss, architecture, scale)
        known = means[[classes.index(name) for name in three]]
        shown = lattice.patterns(study.pixels(three[truth], image)[None])
        row = np.flatnonzero((run.index["model_id"] == three[truth]) & (run.index["image"] == image))[0]
        cnn = int(run.scores[row, [run.classes.index(name) for name in three]].argmax())
        asked.append({"image": webp(detail(study, three[truth], image)[:48, :48]), "what": f"{architecture} {scale}X {study.spelled(loss)}",
                      "pattern": small(shown[0] - shown[0].mean((0, 1))), "means": [small(mean - mean.mean((0, 1))) for mean in known],
                      "truth": truth, "numbers": int(_nearest(shown, known)[0]), "cnn": cnn})  # fmt: skip
    return {"rounds": asked}, sheet([[_stretched(means[classes.index(name)]) for name in _three("VGG_GAN")]], 96)
