"""What tells real published networks apart: start, steps, number of photographs, the head, a linear probe, or both?

Compared by accuracy at unknown offsets on the *validation* photographs of a workspace with published networks' images; the last rows are
the settings that were chosen there, on its test photographs:

    python -m srfp_lib run --profile FOLDER.toml --workspace W --chapters 09
    python benchmarks/real_networks.py W

It writes benchmarks/real_networks.csv. Five images: of one source and different photographs, log-probabilities added.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from srfp_lib import tasks
from srfp_lib.classifiers import probe, recipe
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import several
from srfp_lib.experiments.published import attribution
from srfp_lib.images import gallery
from srfp_lib.published import sources
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

IMAGES = 200  # of each network, for the probe
CANDIDATES = [("cold", 100, 100), ("warm", 100, 100), ("warm", 100, 25), ("warm", 300, 100)]  # start, steps, % of the training photographs
CHOSEN = [("cold", 100, 100), ("warm", 100, 100)]  # of demo; 300 steps, as in lab, were compared on validation photographs alone
GROUPS = {"2X, all": "accuracy_2X", "4X, L1": "accuracy_4X_L1", "4X, adversarial": "accuracy_4X_adversarial"}


class Trial:
    """The published networks of a workspace."""

    def __init__(self, desk: Desk) -> None:
        self.images, self.profile = gallery.published(desk), desk.profile
        self.networks = sources.networks(desk.profile.published)
        self.task = tasks.attribution(self.networks, "published")
        self.start = recipe.load_state(desk.read("classifiers/attribution/1.safetensors"))
        self.parts = {part: self.images.numbers(part, run=1) for part in ("train", "validation", "test")}

    def rows(self, start: str, steps: int, percent: int, part: str) -> list[dict[str, Any]]:
        """Train once; rows for the head, the probe and both."""
        begun, seed, train = time.process_time(), self.profile.master_seed, self.images.some(self.parts["train"], percent)
        fitting = recipe.Fitting({"published": self.task}, self.images, train, (), run=1, backbone=self.profile.classifier.backbones[0],
                                 settings=self.profile.classifier, master_seed=seed, start=self.start if start == "warm" else None,
                                 probed=True)  # fmt: skip
        model = recipe.fit(fitting, steps)
        trained = time.process_time()
        probe.fit(fitting, IMAGES)
        probed = time.process_time()
        picks = [(n.model_id, i) for n in self.networks for i in self.parts[part]]
        how: dict[str, Any] = {"side": None, "seed": seed, "precision": self.profile.classifier.precision}
        both = recipe.evaluate(model, self.images, picks, **how)[1]["published"]
        model.probes = nn.ModuleDict()
        head = recipe.evaluate(model, self.images, picks, **how)[1]["published"]
        # Of the sum of two log-probabilities one is known, so that the other follows but for a constant of each image.
        found = {"head": (trained - begun, head), "probe": (probed - begun, _normal(both - head)), "head + probe": (probed - begun, both)}
        photographs = self.images.table.iloc[list(train)]["photograph"].nunique()
        about = {"part": part, "start": start, "steps": steps, "training_photographs": photographs}
        return [about | {"method": name, "cpu_seconds": s} | self._accuracy(scores, picks) for name, (s, scores) in found.items()]

    def _accuracy(self, scores: np.ndarray, picks: list[tuple[str, int]]) -> dict[str, Any]:
        run = Predictions("published", 1, self.task.classes, self.images.index(picks), scores.astype(np.float32))
        table = attribution({"warm": [run]}).set_index("group")
        found = table.loc["all", ["accuracy", "low", "high", "chance", "n_photographs"]].to_dict()
        five = several.from_several([run], (5,)).set_index("group").loc["all", "accuracy"]
        row = found | {column: table["accuracy"].get(group) for group, column in GROUPS.items()} | {"accuracy_of_five": five}
        print(row, flush=True)
        return row


def _normal(scores: np.ndarray) -> np.ndarray:
    return F.log_softmax(torch.from_numpy(scores), 1).numpy()


def main() -> None:
    """Compare the candidates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    desk = Desk(Workspace.existing(options.workspace), options.workspace)
    trial = Trial(desk)
    rows = [row for candidate in CANDIDATES for row in trial.rows(*candidate, "validation")]
    rows += [row for chosen in CHOSEN for row in trial.rows(*chosen, "test")]
    pd.DataFrame(rows).to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
