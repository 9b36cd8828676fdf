"""What does it take to parse the architecture of a network whose training seed was never seen?

Narrow networks of `demo` settings are trained from many seeds, and from initial weights that they share in part with seed 1.
Parsers of the architecture are then trained on some seeds and tested on others, at unknown offsets and on other photographs:

    python -m srfp_lib run --profile FOLDER.toml --workspace W --chapters 04    # photographs, networks and images of `lab`
    python benchmarks/architecture.py W SCRATCH

W gives photographs, and networks that were trained five times as long (way "long"); SCRATCH takes 2 GB and keeps networks' images and
parsers' answers: what is there is not made again. About 15 CPU minutes to train and super-resolve, 10 to parse. `architecture.csv`: one row
for each trained parser, set of tested networks and group of them; runs are the held-out seeds, so that intervals cover photographs and
seeds. `architecture_differences.csv`: of parsers that were tested on the same. No setting is chosen here: those of the spectrum and its linear model
are `classifier_settings.py`'s, those of the small classifier the parsers' of `demo`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from classifier_settings import IMAGES, spectrum
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn

from srfp_lib import fleet
from srfp_lib.classifiers import recipe
from srfp_lib.common.randomness import numpy_generator
from srfp_lib.experiments.uncertainty import Accuracy
from srfp_lib.fleet import Network
from srfp_lib.images import gallery, superresolve
from srfp_lib.images.store import Images
from srfp_lib.networks import narrow
from srfp_lib.profiles import DEMO, Training
from srfp_lib.stages.making import training_data
from srfp_lib.tasks import Task
from srfp_lib.training import loop, trainer
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

RESULT = Path(__file__).with_suffix(".csv")
PHOTOGRAPHS = 48  # that parsers are trained on; the spectrum takes IMAGES of them
SEEDS, BLOCK = tuple(range(1, 13)), 4  # so many of them are tested together
WAYS = {"tail": ("up.", "last."), "body": ("body.",), "whole": ("",)}  # the layers whose initial weights are those of seed 1
CHANNELS = {"wide": 32}  # of the networks of a way, instead of `narrow.CHANNELS`
CONVOLUTIONAL = ((32, 2), (32, 8))  # side of the crops, training seeds
Nets = tuple[Network, ...]


def networks(seeds: Sequence[int], dataset: str = "div2k", way: str = "") -> Nets:
    """The 30 networks of every seed that were trained in one way."""
    grid = product(fleet.ARCHITECTURES, fleet.SCALES, seeds, fleet.LOSSES)
    names = ((f"{a}-{dataset}-x{s}-{loss}-s{seed}", a, dataset, s, loss, seed) for a, s, seed, loss in grid)
    return tuple(Network(name + (fleet.WAY + way if way else ""), *about, origin="custom") for name, *about in names)


def started(way: str) -> Callable[..., nn.Module]:
    """`trainer.fresh`, with the initial weights of a way."""
    prefixes, fresh = WAYS.get(way), trainer.fresh

    def build(network: Network, settings: Training, *, master_seed: int) -> nn.Module:
        module = fresh(network, settings, master_seed=master_seed)
        if prefixes:
            donor = fresh(replace(network, seed=1), settings, master_seed=master_seed).state_dict()
            module.load_state_dict({k: donor[k] if k.startswith(prefixes) else v for k, v in module.state_dict().items()})
        return module

    return build


class Lab:
    """Photographs and networks of a workspace, and the further networks in a folder."""

    def __init__(self, base: Desk, folder: Path) -> None:
        self.base, self.folder, self.gallery = base, folder, gallery.custom(base)
        train, test = (self.gallery.table.iloc[list(self.gallery.numbers(part, run=1))].drop_duplicates("photograph") for part in ("train", "test"))
        train = train.iloc[[int(i * len(train) / PHOTOGRAPHS) for i in range(PHOTOGRAPHS)]]
        self.table, self.numbers = pd.concat([train, test]), [*train.index, *test.index]
        self.train, self.test = tuple(range(PHOTOGRAPHS)), tuple(range(PHOTOGRAPHS, len(self.table)))
        self.images = Images(folder / "images", folder / "decoded", list(self.table["image"]), tiles=True)
        self.found: dict[str, np.ndarray] = {}

    def path(self, network: Network, kind: str = "decoded") -> Path:
        name, _, way = network.model_id.partition(fleet.WAY)
        path = self.folder / way / kind / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def make(self, seeds: Sequence[int], dataset: str = "div2k", way: str = "") -> None:
        """Images of networks that are not there yet, trained in a stack for each architecture and scale; "long": the workspace's own."""
        for architecture, scale in product(fleet.ARCHITECTURES, fleet.SCALES):
            members = tuple(n for n in networks(seeds, dataset, way) if (n.architecture, n.scale) == (architecture, scale))
            if all(self.path(n).exists() for n in members):
                continue
            if way == "long":
                for n in members:
                    np.save(self.path(n), np.load(self.base.read("decoded", self.path(n).name), mmap_mode="r")[self.numbers])
                continue
            plain = {fleet.parse(self.path(n).stem): n for n in members}
            lr = superresolve.downscale(np.concatenate(list(self.gallery.batches(fleet.HR, self.numbers))), scale)
            with patch.object(trainer, "fresh", started(way)), patch.object(narrow, "CHANNELS", CHANNELS.get(way, narrow.CHANNELS)):
                states = loop.train(tuple(plain), training_data(self.base, dataset), DEMO.training, master_seed=1).states
                for n, member in plain.items():
                    module = trainer.fresh(n, DEMO.training, master_seed=0).eval()
                    module.load_state_dict(states[n.model_id])
                    np.save(self.path(member), superresolve.super_resolve(module, lr))

    def spectra(self, some: Nets, numbers: Sequence[int]) -> np.ndarray:
        """A row for every network and image."""
        for n in some:
            if n.model_id in self.found:
                continue
            path, side = self.path(n, "spectra"), self.images.whole(n.model_id)
            if not path.exists():
                every = [(n.model_id, i) for i in range(len(self.table))]
                np.save(path, spectrum(self.images.test_crops(every, side, seed=1)).astype(np.float16))
            self.found[n.model_id] = np.load(path)
        return np.concatenate([self.found[n.model_id][list(numbers)] for n in some]).astype(np.float32)

    def linear(self, task: Task) -> np.ndarray:
        """Log-probabilities of the classes, a row for every tested network and test photograph; logistic regression of log power spectra."""
        some = self.train[:: PHOTOGRAPHS // IMAGES]
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=200))
        model.fit(self.spectra(task.train, some), [task.label(n) for n in task.train for _ in some])
        order = [list(model.classes_).index(c) for c in task.classes]
        return model.predict_log_proba(self.spectra(task.test, self.test))[:, order]

    def convolutional(self, task: Task, side: int) -> np.ndarray:
        """The same by the first small classifier of `demo`, with the parsers' number of steps, trained on crops of a side, tested on whole images."""
        settings = replace(DEMO.classifier, crop=side)
        fitting = recipe.Fitting({task.asks: task}, self.images, self.train, (), run=1, backbone=settings.backbones[0], settings=settings,
                                 master_seed=1)  # fmt: skip
        model = recipe.fit(fitting, DEMO.parsers.steps)
        picks = [(n.model_id, i) for n in task.test for i in self.test]
        return recipe.evaluate(model, self.images, picks, side=None, seed=1, precision=settings.precision)[1][task.asks]

    def scores(self, task: Task, method: str) -> np.ndarray:
        """By a method: "linear", or "crops of SIDE"."""
        return self.linear(task) if method == "linear" else self.convolutional(task, int(method.split()[-1]))

    def answers(self, train: Nets, tests: dict[str, Nets], method: str) -> pd.DataFrame:
        """A row for every answer: tested, run (the seed), photograph, loss, scale, correct; pooled: are the network's images right together?"""
        shown = tuple(n for several in tests.values() for n in several)
        task = Task("parse-architecture", "architecture", fleet.ARCHITECTURES, train, shown)
        scores = self.scores(task, method).reshape(len(shown), len(self.test), -1)
        truth = np.array([task.classes.index(task.label(n)) for n in shown])
        right, pooled = scores.argmax(2) == truth[:, None], scores.sum(1).argmax(1) == truth
        names, several = [name for name, nets in tests.items() for _ in nets], len(self.test)
        columns = {"tested": names, "pooled": pooled, "run": [n.seed for n in shown]}
        columns |= {field: [getattr(n, field) for n in shown] for field in ("loss", "scale")}
        rows = pd.DataFrame({name: np.repeat(values, several) for name, values in columns.items()})
        return rows.assign(photograph=list(self.table["photograph"].iloc[list(self.test)]) * len(shown), correct=right.ravel())


@dataclass(frozen=True)
class Trial:
    """A parser, trained once a fold, on networks and tested on several sets of others."""

    experiment: str
    trained: str
    folds: Sequence[tuple[Nets, dict[str, Nets]]]
    by_group: bool = False
    method: str = "linear"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.experiment, self.method, self.trained

    def answers(self, lab: Lab) -> pd.DataFrame:
        """A row for every answer of all folds; cpu_seconds: of a fold."""
        path = lab.folder / "answers" / f"{'; '.join(self.key)}.csv"
        if not path.exists():
            begun = time.process_time()
            found = pd.concat([lab.answers(train, tests, self.method) for train, tests in self.folds])
            path.parent.mkdir(exist_ok=True)
            found.assign(cpu_seconds=round((time.process_time() - begun) / len(self.folds), 1)).to_csv(path, index=False)
        return pd.read_csv(path)

    def rows(self, found: pd.DataFrame) -> Iterator[dict[str, Any]]:
        groups: dict[str, pd.DataFrame] = {"all": found}
        if self.by_group:
            groups |= {f"{loss} {scale}X": part for (loss, scale), part in found.groupby(["loss", "scale"])}
        for (name, group), tested in product(groups.items(), dict.fromkeys(found["tested"])):
            mine = group[group["tested"] == tested]
            yield {"experiment": self.experiment, "method": self.method, "trained": self.trained, "tested": tested, "group": name,
                   "train_seeds": len({n.seed for n in self.folds[0][0]}), **estimate(accuracy(mine)), "pooled": mine["pooled"].mean(),
                   "folds": len(self.folds), "chance": 1 / len(fleet.ARCHITECTURES), "cpu_seconds": found["cpu_seconds"].iloc[0]}  # fmt: skip


def accuracy(answers: pd.DataFrame) -> Accuracy:
    return Accuracy.of(answers[["run", "photograph", "correct"]])


def estimate(value: Accuracy) -> dict[str, float]:
    e = value.estimate()
    return {"accuracy": e.value, "sd": e.sd, "low": e.low, "high": e.high, "photographs": e.n_photographs, "seeds": e.n_runs}


def differences(found: dict[tuple[str, str, str], pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Of parsers tested on the same unseen seeds."""
    for more, less in DIFFERENCES:
        one, other = (accuracy(found[key][found[key]["tested"] == "unseen"]) for key in (more, less))
        yield {"experiment": more[0], "method": more[1], "trained": more[2], "less": f"{less[1]}, {less[2]}", **estimate(one - other)}


def permuted(some: Nets) -> Nets:
    """The networks with architectures dealt anew among those of one scale, loss and seed: labels that mean nothing beyond a network."""

    def dealt(n: Network) -> str:
        order = numpy_generator(1, "permuted", n.scale, n.loss, n.seed).permutation(len(fleet.ARCHITECTURES))
        return fleet.ARCHITECTURES[order[fleet.ARCHITECTURES.index(n.architecture)]]

    return tuple(replace(n, architecture=dealt(n)) for n in some)


def folds(count: int, seeds: Sequence[int] = SEEDS, block: int = BLOCK, to: Callable[[Nets], Nets] = tuple, way: str = "") -> list[Any]:
    """Training networks of so many seeds, and tested ones of a block of others ("unseen") and of the first of the training seeds ("seen")."""
    found = []
    for at in range(0, len(seeds), block):
        rest = [*seeds[at + block :], *seeds[:at]][:count]
        sets = {"train": rest, "unseen": seeds[at : at + block], "seen": rest[:block]}
        nets = {name: to(networks(some, way=way)) for name, some in sets.items()}
        found.append((nets.pop("train"), nets))
    return found


def trials() -> Iterator[Trial]:
    """All of them."""
    for n in (2, 4, 8):
        yield Trial("seeds", f"{n} seeds", folds(n), by_group=True)
        yield Trial("permuted", f"{n} seeds", folds(n, to=permuted))
    ways = {f"seed unseen, {way} of seed 1": networks((5,), way=way) for way in WAYS}
    yield Trial("initial weights", "2 seeds", [(networks((1, 2)), {"seed unseen": networks((5,)), **ways})], by_group=True)
    sets = {"training set unseen": networks((1,), "flickr2k"), "training set and seed unseen": networks((9,), "flickr2k")}
    yield Trial("training set", "2 seeds", [(networks((1, 2)), sets)], by_group=True)
    yield Trial("longer training", "2 seeds, 200 + 80 steps", folds(2, (1, 2, 3), 1))
    yield Trial("longer training", "2 seeds, 1,000 + 400 steps", folds(2, (1, 2, 3), 1, way="long"), by_group=True)
    yield Trial("wider networks", "2 seeds, 32 channels", folds(2, (1, 2, 3), 1, way="wide"), by_group=True)
    for side, n in CONVOLUTIONAL:
        yield Trial("seeds", f"{n} seeds", folds(n), method=f"crops of {side}")


FEW, SHORT = ("seeds", "linear", "2 seeds"), ("longer training", "linear", "2 seeds, 200 + 80 steps")
DIFFERENCES = [
    *((("seeds", "linear", f"{n} seeds"), FEW) for n in (4, 8)),
    *((("seeds", f"crops of {side}", f"{n} seeds"), ("seeds", "linear", f"{n} seeds")) for side, n in CONVOLUTIONAL),
    (("longer training", "linear", "2 seeds, 1,000 + 400 steps"), SHORT),
    (("wider networks", "linear", "2 seeds, 32 channels"), SHORT),
]


def make_all(lab: Lab) -> None:
    """Every network that a trial needs."""
    for at in range(0, len(SEEDS), BLOCK):
        lab.make(SEEDS[at : at + BLOCK])
    for way in WAYS:
        lab.make((5,), way=way)
    for seed in (1, 9):
        lab.make((seed,), "flickr2k")
    for way in ("long", "wide"):
        lab.make((1, 2, 3), way=way)


def main(workspace: str, folder: str) -> None:
    """Networks, parsers, the table."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    lab = Lab(Desk(Workspace.existing(Path(workspace)), Path(workspace)), Path(folder))
    make_all(lab)
    found, rows = {}, []
    for trial in trials():
        found[trial.key] = trial.answers(lab)
        rows += trial.rows(found[trial.key])
        print(pd.DataFrame(rows[-12:]).query("group == 'all'").to_string(), flush=True)
    for path, table in ((RESULT, rows), (RESULT.with_stem("architecture_differences"), differences(found))):
        pd.DataFrame(table).to_csv(path, index=False, float_format="%.4f")


if __name__ == "__main__":
    main(*sys.argv[1:])
