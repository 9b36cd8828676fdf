"""Is it a photograph, or did a network make it? The detectors of chapter 19, and others that were tried, on photographs that none of them saw.

    python benchmarks/photographs.py WORKSPACE [FOLDER]

For images of a finished run. One validation photograph in two, or, if there are three or fewer, one training photograph in four, is set aside and
judged; no test photograph takes part. Every detector's limit is the score that 3 % of the other photographs fall short of, each judged by a detector
that did not see it; where two have to agree, 1.5 % each. FOLDER has the photographs' files: with it, set-aside photographs at a half and a third of
their size are judged too. `photographs.csv` has a row for each detector: the percentage of photographs that it calls so, and of other images that
it does not call so: custom networks, published ones, published ones that it never saw, plain enlargements.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from srfp_lib import fleet
from srfp_lib.forensics import calibrating
from srfp_lib.forensics.calibrating import REDUCED, Samples
from srfp_lib.forensics.kernel import Machine
from srfp_lib.forensics.naming import PHOTOGRAPH, PLAIN
from srfp_lib.forensics.traces import traces
from srfp_lib.images import superresolve
from srfp_lib.images.spectrum import SPECTRUM
from srfp_lib.photos.reading import read_again
from srfp_lib.stages.identifying import Squares, cut, learnt_from
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

HERE = Path(__file__).parent
FEATURES = {"spectrum": slice(0, SPECTRUM), "grain": slice(SPECTRUM, None), "spectrum and grain": slice(None)}
BORDERS = {"plane": (True,), "curved": (False,), "both": (False, True)}
EACH = 14  # images of each network


class Asked:
    """What trains and what is judged."""

    def __init__(self, workspace: str, folder: str) -> None:
        self.squares = Squares(Desk(Workspace.existing(Path(workspace)), HERE))
        self.names, self.rng = np.array(self.squares.sources), self.squares.rng("benchmark")
        table = self.squares.images.table
        names = {part: sorted({table["photograph"].iloc[i] for i in self.squares.images.numbers(part, run=1)}) for part in ("train", "validation")}
        self.aside = names["validation"][::2] if len(names["validation"]) > 3 else names["train"][::4]
        numbers = [self.squares.photographs[name] for name in self.aside]
        both = Samples.joined([one.where(np.isin(one.states, (0, REDUCED))) for one in learnt_from(self.squares, self.squares.sources)])
        self.train = calibrating.shown(both.where(~np.isin(both.photographs, numbers)), self.squares.sources)
        self.images = [i for i, name in enumerate(table["photograph"]) if name in self.aside]
        self.judged = {"photographs": self.of([PHOTOGRAPH]), "custom": self.of([n.model_id for n in fleet.custom()][::4]),
                       "enlargements": self.of([name for name in PLAIN if name != PHOTOGRAPH])}  # fmt: skip
        self.judged |= {name: self.of([name]) for name in self.squares.published}
        if folder:
            files = [file for file in sorted(Path(folder).iterdir()) if file.stem in self.aside]
            self.judged |= {f"photographs_{word}": self.smaller(files, by) for by, word in ((2, "half"), (3, "third"))}

    def of(self, names: Sequence[str]) -> np.ndarray:
        """The traces of set-aside images of some sources."""
        some = {name: self.images if name == PHOTOGRAPH else self.images[:: max(len(self.images) // EACH, 1)] for name in names}
        parts = [self.squares.part(self.squares.images.image((name, i)), self.rng) for name, numbers in some.items() for i in numbers]
        return traces(np.stack([cut(part, self.squares.side, self.rng) for part in parts]))

    def smaller(self, files: Sequence[Path], by: int) -> np.ndarray:
        """The traces of squares of photographs that were made smaller."""
        whole = [cut(read_again(file), by * self.squares.side, self.rng) for file in files for _ in range(4)]
        return traces(np.stack([superresolve.downscale(one[None], by)[0] for one in whole if min(one.shape[:2]) == by * self.squares.side]))


def detector(asked: Asked, features: str, border: str, half: bool, without: Sequence[str] = ()) -> dict[str, float]:
    """The shares of each group that are called photographs."""
    train, columns = asked.train, FEATURES[features]
    some = train.where(~np.isin(asked.names[train.sources], without) & (half | (train.states != REDUCED)))
    x, inside = some.x[:, columns].astype(np.float32), asked.names[some.sources] == PHOTOGRAPH
    folds = np.unique(some.photographs, return_inverse=True)[1] % calibrating.FOLDS
    called = {name: np.ones(len(found), bool) for name, found in asked.judged.items()}
    for linear in BORDERS[border]:
        own = np.zeros(len(x), np.float32)
        for fold in range(calibrating.FOLDS):
            own[folds == fold] = Machine.fit(x[folds != fold], inside[folds != fold], linear=linear).scores(x[folds == fold])
        limit, machine = np.quantile(own[inside], 2 * calibrating.SHORT / len(BORDERS[border])), Machine.fit(x, inside, linear=linear)
        called = {name: called[name] & (machine.scores(found[:, columns]) > limit) for name, found in asked.judged.items()}
    return {name: float(found.mean()) for name, found in called.items()}


def main(workspace: str, folder: str = "", out: str = "") -> None:
    """Judge by all detectors, and write the table as it grows."""
    torch.set_num_threads(1)
    asked, rows = Asked(workspace, folder), []
    settings = [(features, border, True) for features in FEATURES for border in BORDERS] + [("spectrum and grain", "both", False)]
    for features, border, half in settings:
        seen = detector(asked, features, border, half)
        folds = [asked.squares.published[fold::4] for fold in range(4)]
        unseen = {name: found[name] for without in folds for found in [detector(asked, features, border, half, without)] for name in without}
        row = {"features": features, "border": border, "half_size_in_training": half, "photographs": 100 * seen["photographs"]}
        row |= {name: 100 * share for name, share in seen.items() if name.startswith("photographs_")}
        row |= {"custom": 100 * (1 - seen["custom"]), "enlargements": 100 * (1 - seen["enlargements"]),
                "published": 100 * (1 - np.mean([seen[name] for name in unseen])), "published_unseen": 100 * (1 - np.mean([*unseen.values()])),
                "n_photographs": len(asked.aside), "n_published": len(unseen), "profile": asked.squares.desk.profile.name}  # fmt: skip
        rows.append(row)
        print(row, flush=True)
        pd.DataFrame(rows).to_csv(Path(out) if out else HERE / "photographs.csv", index=False, float_format="%.1f")


if __name__ == "__main__":
    main(*sys.argv[1:])
