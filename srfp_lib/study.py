"""A workspace as a reader or a chapter sees it: what is made, and a way to make the rest."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from . import profiles, program, tasks
from .classifiers.predictions import Predictions
from .common.checkout import HOME
from .common.errors import UserError
from .common.frames import read_table
from .pages import chapters
from .pages.page import Box, Shown, Text
from .pages.tables import to_csv_text
from .planning import obstacles
from .profiles import Profile
from .published import sources
from .workflow import run
from .workflow.jobs import keys
from .workflow.receipts import Receipt
from .workflow.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from .figures import Picture

IN_WORDS = {
    "stand-in": "stand-ins, not the published networks", "images of a folder": "sets of images of other people's networks",
    "the authors' images": "real networks, the authors' images",
}  # fmt: skip


class Study:
    """A workspace seen by a reader or a chapter: what is made, and a way to make the rest.

    ``everything`` are all jobs of the profile; ``jobs`` those that can be made here, chapters included.

    >>> Study.open("smoke", "runs/example").profile.name
    'smoke'
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.profile = workspace, workspace.profile
        self.everything = program.table(workspace.profile)
        self.jobs = program.possible(self.everything) | chapters.table(self.everything, workspace.profile)
        self.keys = keys(self.jobs)

    @classmethod
    def open(cls, profile: str | Path | Profile = "", workspace: str | Path = "") -> Study:
        """The study at a profile, in a workspace folder (default: ``runs/<profile>`` in the checkout).

        Without a profile an existing workspace has its own, and a new one gets ``demo``.
        """
        root = Path(workspace).expanduser() if str(workspace) else None
        if not profile and root and (root / "profile.json").exists():
            return cls(Workspace.existing(root))
        chosen = profile if isinstance(profile, Profile) else profiles.get(profile or "demo")
        return cls(Workspace.open(root or HOME / "runs" / chosen.name, chosen))

    def states(self) -> dict[str, str]:
        """The state of every job: done, missing, stale or damaged."""
        return self.workspace.states(self.jobs, self.keys)

    def receipts(self, *beginnings: str) -> list[Receipt]:
        """The receipts of the jobs whose name begins so, or of all."""
        names = [name for name in self.jobs if name.startswith(beginnings)] if beginnings else list(self.jobs)
        return [receipt for name in names if (receipt := self.workspace.receipt(name))]

    def make(self, *beginnings: str) -> None:
        """Make every missing job whose name begins so, and what it needs, on this machine."""
        names = [name for name in self.jobs if name.startswith(beginnings)]
        obstacles.refuse(self, names)
        run.make(self.workspace, self.jobs, self.keys, names)

    def begin(self, chapter: str) -> Text:
        """Make what a chapter needs, nothing if it is there; returns a line on what the chapter rests on."""
        if sentence := chapters.obstacle(self.everything, self.profile, chapter):
            raise UserError(sentence)
        needs = chapters.CHAPTERS[chapter].needs
        if not needs:
            return Text("*This page shows tables that are kept in the repository.*")
        self.make(*needs)
        receipts = self.receipts(*needs)
        work = sum(receipt.seconds for receipt in receipts)
        line = f"*This page rests on {len(receipts)} jobs, {work:.0f} seconds of work in all, at profile `{self.profile.name}`.*"
        if self.profile.name == "smoke":
            line += "\n\n**A smoke run shows that everything works; its numbers mean nothing.**"
        return Text(line)

    def box(self, chapter: str) -> Box:
        """The box that ends a chapter."""
        needs = chapters.CHAPTERS[chapter].needs
        return Box(self.profile, chapter, self.receipts(*needs) if needs else [])

    def predictions(self, task: str) -> list[Predictions]:
        """The predictions of every run of a task, for example ``attribution`` or ``parse-scale-without-s3``."""
        folders = sorted(self.workspace.path("predictions", task).glob("*"), key=lambda path: int(path.name))
        if not folders:
            raise UserError(f"'{self.workspace.root}' holds no predictions of '{task}': run the chapter's first cell, or the command run")
        return [Predictions.load(folder) for folder in folders]

    def parsers(self) -> dict[str, list[Predictions]]:
        """The predictions of the 18 parsers, by task name."""
        return {task.name: self.predictions(task.name) for task in tasks.parsers()}

    def parsers_of_published(self) -> dict[str, list[Predictions]]:
        """The predictions of the parsers on published networks, by the hyperparameter that they parse."""
        return {asks: self.predictions(f"parse-{asks}-of-published") for asks in tasks.PARSED_OF_PUBLISHED}

    def controls(self) -> dict[str, list[Predictions]]:
        """The predictions of the controls of the attribution classifier, by name."""
        return {name: self.predictions(f"attribution-{name}") for name in self.profile.classifier.controls}

    def backbones(self) -> dict[str, list[Predictions]]:
        """The predictions of the rows of Table 2, by backbone."""
        return {b: self.predictions(f"backbone-{b}") for b in self.profile.classifier.backbones}

    def published(self) -> pd.DataFrame:
        """The published networks of this run and the origin of their images: model_id, origin, and what else is known of them."""
        names = [n.model_id for n in sources.networks(self.profile.published)]
        if self.profile.release.folder:
            names = [name for name in names if name in self.profile.release.networks]
        about = [json.loads(self.workspace.path("published", f"{name}.json").read_text()) for name in names]
        return pd.DataFrame(about, columns=None if about else ["model_id", "origin"])

    def mixture(self) -> str:
        """The origins of the published networks' images in words, for captions."""
        counts = self.published()["origin"].value_counts()
        return "; ".join(f"{n} {IN_WORDS.get(str(origin), origin)}" for origin, n in counts.items()) or "none"

    def quality(self, *, everything: bool = False) -> pd.DataFrame:
        """Quality of the custom networks' images, or of all: model_id, image, photograph, psnr, ssim, lpips if measured, bicubic_psnr."""
        files = [f for f in sorted(self.workspace.path("quality").glob("*.csv")) if everything or not f.name.startswith("published-")]
        return pd.concat([read_table(file) for file in files], ignore_index=True)

    def photographs(self, name: str = "photographs") -> pd.DataFrame:
        """A table of the photographs' room: photographs, images, training or skipped."""
        return read_table(self.workspace.path("photos", f"{name}.csv"))

    def statistics(self) -> pd.DataFrame:
        """The numbers of Table A.1 for each photograph: `srfp_lib.photos.statistics.rows`."""
        return read_table(self.workspace.path("statistics", "photographs.csv"))

    def pixels(self, model_id: str, image: str) -> np.ndarray:
        """One super-resolved image, uint8 H x W x 3; "HR-HR-HR-HR-HR" names the true one."""
        from .images.png import read_png

        return read_png(self.workspace.path("images", model_id, f"{image}.png"))

    def training_log(self) -> pd.DataFrame:
        """The logs of all trained networks: model_id, step, loss, held_out_psnr."""
        files = sorted(self.workspace.path("networks").glob("*/log.csv"))
        return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)

    def save_table(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Write ``tables/<name>.csv`` and return the frame."""
        self._out().write_text(f"tables/{name}.csv", to_csv_text(frame))
        return frame

    def show(self, name: str, picture: Picture) -> Shown:
        """Write ``figures/<name>.png`` and ``.svg`` and show the figure with its alt text."""
        from .figures import save

        folder = self._out().path("figures")
        folder.mkdir(parents=True, exist_ok=True)
        save(picture[0], folder, name)
        return Shown(folder / f"{name}.png", picture[1])

    def _out(self) -> Workspace:
        """Under the runner a chapter writes into the runner's staging folder, by hand straight into the workspace."""
        staged = os.environ.get("SRFP_OUT")
        return Workspace(Path(staged), self.profile) if staged else self.workspace
