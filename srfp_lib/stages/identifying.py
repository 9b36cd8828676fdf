"""The work of the jobs of chapter 19: the model that names the network behind one image, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from .. import fleet
from ..common.frames import read_table
from ..common.randomness import numpy_generator
from ..forensics import calibrating, judging
from ..forensics.calibrating import REDUCED, Samples
from ..forensics.deliveries import MILD, deliver
from ..forensics.naming import PHOTOGRAPH, PLAIN, STATES, Naming
from ..forensics.traces import traces
from ..images import gallery, superresolve
from ..images.arrays import read_array
from ..images.store import evenly
from ..published import sources
from ..workflow.desk import Desk
from .described import WithPlain

TRAINING = 64  # training images of a network, untouched and compressed; half as many are resized
VALIDATION = 24
TRIED = 60  # custom networks in the trial with re-deliveries, evenly spread
FEW = 30  # with fewer images all published networks are withheld at once
LARGEST = 128  # side of a square of whole photographs; of tiles it is what a crop of 90 % leaves whole
MANIFOLD = 4  # times as many images of photographs as of a network: no two photographs have one origin
PHOTOGRAPHS = 600  # further photographs, those that trained the networks: images that no network made
ARRIVE = {
    "untouched": ("png",),
    "compressed": ("jpeg-95", "jpeg-90", "jpeg-85", "jpeg420-95", "jpeg420-90", "webp-95", "webp-90"),
    "resized": ("size-98", "size-102"),
}


class Squares:
    """Squares of the images of a workspace, at random places, after a delivery."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.images = desk, gallery.custom(desk, kind=WithPlain)
        settings = desk.profile
        published = () if sources.is_folder(settings.published) else sources.networks(settings.published)
        self.published = tuple(n.model_id for n in published)
        self.sources = (*(n.model_id for n in fleet.custom()), *self.published, *PLAIN)
        size = settings.photographs.image_size if self.images.tiles else None
        self.side = int(size * 0.9) // 8 * 8 if size else LARGEST
        self.photographs = {name: i for i, name in enumerate(dict.fromkeys(self.images.table["photograph"]))}

    def rng(self, *names: object) -> np.random.Generator:
        """For one purpose."""
        return numpy_generator(self.desk.profile.master_seed, "identify", *names)

    def part(self, image: UInt8[np.ndarray, "h w 3"], rng: np.random.Generator) -> UInt8[np.ndarray, "_ _ 3"]:
        """A window, at random, that is large enough to be re-delivered; all of a tile."""
        return cut(image, int(self.side * judging.MARGIN), rng)

    def spectra(self, images: Sequence[np.ndarray], state: str, rng: np.random.Generator) -> np.ndarray:
        """The spectra of a square of each image, which has arrived in a state."""
        ways, squares = ARRIVE[state], []
        for image in images:
            part = self.part(image, rng)
            squares.append(cut(part if state == "untouched" else deliver(ways[rng.integers(len(ways))], part, rng), self.side, rng))
        return traces(np.stack(squares)).astype(np.float16)

    def samples(self, part: str, most: int, sources: Sequence[str]) -> Samples:
        """Those of a part of the photographs, in run 1's split."""
        several = []
        for number, state in enumerate(STATES):
            for source, name in enumerate(sources):
                count = (most if state != "resized" else most // 2) * (MANIFOLD if name == PHOTOGRAPH else 1)
                some = evenly(self.images.numbers(part, run=1), count)
                of = np.array([self.photographs[p] for p in self.images.table["photograph"].to_numpy()[list(some)]])
                x = self.spectra([self.images.image((name, i)) for i in some], state, self.rng(part, state, name))
                several.append(Samples(x, np.full(len(x), source), of, np.full(len(x), number)))
                if name == PHOTOGRAPH and state == STATES[0]:
                    several.append(self.reduced([self.images.image((name, i)) for i in some], of, sources))
        return Samples.joined(several)

    def reduced(self, images: Sequence[np.ndarray], of: np.ndarray, sources: Sequence[str]) -> Samples:
        """Photographs at half size; one at a time, as they may differ in size."""
        rng, halves = self.rng("reduced"), (superresolve.downscale(np.array(image)[None], 2)[0] for image in images)
        x = np.concatenate([traces(cut(half, self.side, rng)[None]) for half in halves])
        return Samples(x.astype(np.float16), np.full(len(x), sources.index(PHOTOGRAPH)), of, np.full(len(x), REDUCED))

    def further_photographs(self, sources: Sequence[str]) -> Samples:
        """Photographs that trained the networks, as no network's images."""
        table = read_table(self.desk.read("photos/training.csv"))
        rows = evenly(np.flatnonzero(~table["photograph"].astype(str).str.startswith("dead_leaves")).tolist(), PHOTOGRAPHS)
        tiles, several = read_array(self.desk.read("photos/training.npy")), []
        of = len(self.photographs) + pd.factorize(table["photograph"].to_numpy()[list(rows)])[0].astype(np.int64)
        for number, state in enumerate(STATES):
            images = [np.array(tiles[i]) for i in rows if min(tiles.shape[1:3]) >= self.side]
            if images:
                x = self.spectra(images, state, self.rng("photographs", state))
                several.append(Samples(x, np.full(len(x), sources.index(PHOTOGRAPH)), of, np.full(len(x), number)))
                several.extend([self.reduced(images, of, sources)] if number == 0 else [])
        return Samples.joined(several) if several else self.samples("train", 0, ())


def cut(image: UInt8[np.ndarray, "h w 3"], side: int, rng: np.random.Generator) -> UInt8[np.ndarray, "_ _ 3"]:
    """A square at a random place, or what a smaller image has of it."""
    top, left = (int(rng.integers(max(length - side, 0) + 1)) for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def fit(desk: Desk, output: str) -> None:
    """Fit and calibrate the model, and measure on test photographs how often it is wrong."""
    squares = Squares(desk)
    train, validation = learnt_from(squares, squares.sources)
    model = calibrating.fitted(train, validation, squares.sources, squares.side)
    rows = list(judgements(squares, model, most=2, deliveries=("png", "jpeg-95", "jpeg-90"), names=()))
    about = {"networks": int(model.networks.sum()), "photographs": int((np.unique(train.photographs) < len(squares.photographs)).sum()),
             "judged": pd.DataFrame(rows).to_dict("records")}  # fmt: skip
    model.about.update(about)
    model.save(desk.write(output))


def learnt_from(squares: Squares, names: Sequence[str]) -> tuple[Samples, Samples]:
    """Training and validation samples."""
    train = [squares.samples("train", TRAINING, names), squares.further_photographs(names)]
    return Samples.joined([one for one in train if len(one.x)]), squares.samples("validation", VALIDATION, names)


def judgements(squares: Squares, model: Naming, *, most: int, deliveries: Sequence[str], names: Sequence[str],
               of: Sequence[str] = ()) -> Iterator[dict[str, object]]:  # fmt: skip
    """Test images as somebody may find them: cropped at random, delivered, judged with the re-deliveries ``names``; a row for each.

    ``most`` of each network; four times as many of the published ones and of what no network made, which are fewer.
    """
    numbers = squares.images.numbers("test", run=1)
    for way in deliveries:
        for name in of or squares.sources:
            rng = squares.rng("test", way, name)
            rare = name in squares.published or name in PLAIN
            count = len(numbers) if name == PHOTOGRAPH else most * 4 if rare else most
            shifted = numbers[hash_of(name) % len(numbers) :] + numbers[: hash_of(name) % len(numbers)]
            for i in evenly(shifted, count):
                image = squares.part(squares.images.image((name, i)), rng)
                rows, columns = (int(rng.integers(min(8, length - squares.side) + 1)) for length in image.shape[:2])
                found = judging.judge(model, deliver(way, image[rows:, columns:], rng), names, lossy=way.startswith(judging.LOSSY))
                yield row(model, name, way, found) | {"photograph": squares.images.table["photograph"].iloc[i]}


def hash_of(name: str) -> int:
    """A number drawn by a name, so that networks are tested on different photographs."""
    return int(numpy_generator(1, "turn", name).integers(1 << 30))


def row(model: Naming, name: str, way: str, found: judging.Judgement) -> dict[str, object]:
    """What is kept of a judgement."""
    p, shares = found.opinion.probabilities, found.opinion.shares
    order = np.argsort(-shares)
    top = [model.sources[i] for i in order[:3]]
    return {"source": name, "delivery": way, "verdict": found.verdict, "first": found.first, "top1": name == top[0], "top3": name in top,
            "probability": float(shares.max()), "plain": float(p[~model.networks].sum()),
            "strangeness": found.opinion.strangeness - found.opinion.limit, "state": found.opinion.state, "flipped": len(found.flipped)}  # fmt: skip


def trial(desk: Desk, output: str) -> None:
    """Judge test images with all re-deliveries, and images of published networks by models that never saw these networks."""
    squares, model = Squares(desk), Naming.load(desk.read("identify/model"))
    custom = [n.model_id for n in fleet.custom()]
    some = evenly(range(len(custom)), min(TRIED, len(squares.images.names)))
    tried = (*(custom[i] for i in some), *squares.published, *PLAIN)
    rows = list(judgements(squares, model, most=3, deliveries=("png",), names=MILD, of=tried))
    rows += judgements(squares, model, most=1, deliveries=("jpeg-95", "jpeg-90"), names=MILD, of=tried)
    seen = pd.DataFrame(rows).assign(withheld=False)
    withheld = pd.DataFrame(list(strangers(squares))).assign(withheld=True)
    pd.concat([seen, withheld], ignore_index=True).to_csv(desk.write(output), index=False, float_format="%.6f")


def strangers(squares: Squares, folds: int = 3) -> Iterator[dict[str, object]]:
    """Test images of published networks, judged by models that were fitted and calibrated without them, a third of the networks at a time."""
    train, validation = (s.where(np.isin(s.states, (0, REDUCED))) for s in learnt_from(squares, squares.sources))
    folds = folds if len(squares.images.names) >= FEW else 1
    for fold in range(folds if len(squares.published) >= folds else 0):
        out = squares.published[fold::folds]
        kept = tuple(name for name in squares.sources if name not in out)
        place = np.array([kept.index(name) if name in kept else -1 for name in squares.sources])
        parts = [Samples(s.x, place[s.sources], s.photographs, s.states).where(place[s.sources] >= 0) for s in (train, validation)]
        model = calibrating.fitted(parts[0], parts[1], kept, squares.side)
        yield from judgements(squares, model, most=3, deliveries=("png",), names=(), of=out)
