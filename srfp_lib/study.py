"""The study as a table of jobs, and what a chapter asks of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import fleet, profiles, tasks
from .errors import UserError
from .jobs import Job, keys
from .page import Box, Shown, Text
from .profiles import Profile, as_dict
from .workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .figures import Picture
    from .predictions import Predictions

HOME = Path(__file__).parent.parent  # the checkout: notebooks, book and runs lie in it


def table(profile: Profile) -> dict[str, Job]:
    """Every job of the study at a profile, chapters excepted, in the order in which they can run."""
    jobs = [_photographs(profile), *_networks(profile), *_classifiers(profile)]
    return {job.name: job for job in jobs}


def _section(profile: Profile, *names: str) -> dict[str, Any]:
    whole = as_dict(profile)
    return {"master_seed": profile.master_seed} | {name: whole[name] for name in names}


def _photographs(profile: Profile) -> Job:
    from .photos import fingerprint

    outputs = ("photos", "images/HR-HR-HR-HR-HR", "images/train-split.txt", "images/val-split.txt", "images/test-split.txt")
    outputs += ("decoded/HR-HR-HR-HR-HR.npy",) if profile.photographs.image_size else ()
    settings = _section(profile, "photographs") | {"content": fingerprint(profile.photographs)}
    return Job("photographs", "srfp_lib.stages:photographs", outputs, settings=settings, cost=3)


def _networks(profile: Profile) -> list[Job]:
    jobs, training = [], profile.training
    images = profile.photographs.max_images / 160
    for scale in fleet.SCALES:
        for architecture in fleet.ARCHITECTURES:
            stack = [n.model_id for n in fleet.stack(architecture, scale)]
            for names in [stack] if training.stacked else [[name] for name in stack]:
                label = f"{architecture}-x{scale}" if training.stacked else names[0]
                work = len(names) / 18 * (28 if scale == 2 else 12) * _training_size(profile)
                train = Job(
                    f"train/{label}", "srfp_lib.stages:train", tuple(f"networks/{n}" for n in names),
                    (tuple(names), f"train/{label}"), ("photographs",), _section(profile, "training"), work,
                )  # fmt: skip
                outputs = [f"images/{n}" for n in names]
                outputs += [f"decoded/{n}.npy" for n in names] if profile.photographs.image_size else []
                enlarge = Job(f"images/{label}", "srfp_lib.stages:super_resolve", tuple(outputs), (tuple(names),),
                              (train.name,), cost=4 * images)  # fmt: skip
                file = f"quality/{label}.csv"
                rate = Job(f"quality/{label}", "srfp_lib.stages:quality", (file,), (tuple(names), file),
                           (enlarge.name,), cost=2 * images)  # fmt: skip
                jobs += [train, enlarge, rate]
    return jobs


def _training_size(profile: Profile) -> float:
    """Training work relative to the demo profile's."""
    training, demo = profile.training, profiles.DEMO.training
    steps = (training.steps + 2 * training.adversarial_steps) / (demo.steps + 2 * demo.adversarial_steps)
    return steps * training.batch * training.patch**2 / (demo.batch * demo.patch**2) + 0.02


def _classifiers(profile: Profile) -> list[Job]:
    settings, images = profile.classifier, tuple(j.name for j in _networks(profile) if j.name.startswith("images/"))
    fields = _section(profile, "photographs", "classifier")
    del fields["classifier"]["backbones"], fields["classifier"]["runs"]

    def classifier(name: str, heads: tuple[tuple[str, str], ...], run: int, outputs: tuple[str, ...], *, backbone: str,
                   steps: int, grid: int = settings.crop_grid) -> Job:  # fmt: skip
        arguments = (heads, run, backbone, steps, grid, outputs)
        cost = 0.1 * (steps or 1000) * settings.batch / 96 * (settings.crop / 64) ** 2 + 12
        return Job(name, "srfp_lib.stages:classify", outputs, arguments, images, fields, cost)

    ask, main = (("model_id", ""),), settings.backbones[0]
    jobs = [classifier(f"attribution/{run}", ask, run, (f"predictions/attribution/{run}",), backbone=main, steps=settings.steps)
            for run in range(1, settings.runs + 1)]  # fmt: skip
    for backbone in settings.backbones[1:]:
        name = f"backbone-{backbone}"
        jobs.append(classifier(f"attribution/{name}", ask, 1, (f"predictions/{name}/1",), backbone=backbone, steps=settings.backbone_steps))
    if settings.control_steps:
        jobs.append(
            classifier(
                "attribution/free-crops",
                ask,
                1,
                ("predictions/attribution-free-crops/1",),
                backbone=main,
                steps=settings.control_steps,
                grid=1,
            )
        )
    for run in range(1, profile.parsers.runs + 1):
        for column, (_, _, asked) in tasks.COLUMNS.items():
            heads = tuple((question, column) for question in asked)
            for group in [heads] if profile.parsers.shared_trunk else [(head,) for head in heads]:
                label = f"{group[0][0]}-" if len(group) == 1 else ""
                outputs = tuple(f"predictions/parse-{q}-without-{column}/{run}" for q, _ in group)
                jobs.append(classifier(f"parsers/{label}without-{column}/{run}", group, run, outputs, backbone=main, steps=profile.parsers.steps))
    rotations = min(profile.photographs.rotations, settings.runs)
    jobs += [Job(f"prnu/{run}", "srfp_lib.stages:prnu", (f"predictions/prnu/{run}",), (run, f"predictions/prnu/{run}"),
                 images, _section(profile, "photographs", "prnu"), 10) for run in range(1, rotations + 1)]  # fmt: skip
    return jobs


class Study:
    """A workspace seen by a reader or a chapter: what is made, and a way to make the rest.

    >>> Study.open("smoke", "runs/example").profile.name
    'smoke'
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.profile = workspace, workspace.profile
        self.jobs = table(workspace.profile)
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
        return {name: self.workspace.state(name, self.keys[name]) for name in self.jobs}

    def make(self, *beginnings: str) -> None:
        """Make every missing job whose name begins so, and what it needs, on this machine."""
        from .run import make

        make(self, [name for name in self.jobs if name.startswith(beginnings)])

    def begin(self, chapter: str) -> Text:
        """Make what a chapter needs, nothing if it is there; says what the chapter rests on."""
        from .chapters import CHAPTERS

        self.make(*CHAPTERS[chapter].needs)
        receipts = [self.workspace.receipt(name) for name in self.jobs if name.startswith(CHAPTERS[chapter].needs)]
        work = sum(receipt.seconds for receipt in receipts if receipt)
        line = f"*This page rests on {len(receipts)} jobs, {work:.0f} seconds of work in all, at profile `{self.profile.name}`.*"
        if self.profile.name == "smoke":
            line += "\n\n**A smoke run shows that everything works; its numbers mean nothing.**"
        return Text(line)

    def box(self, chapter: str) -> Box:
        """The box that ends a chapter."""
        return Box(self, chapter)

    def predictions(self, task: str) -> list[Predictions]:
        """The predictions of every run of a task, for example ``attribution`` or ``parse-scale-without-s3``."""
        from .predictions import Predictions

        folders = sorted(self.workspace.path("predictions", task).glob("*"), key=lambda path: int(path.name))
        if not folders:
            raise UserError(f"'{self.workspace.root}' holds no predictions of '{task}': run the chapter's first cell, or the command run")
        return [Predictions.load(folder) for folder in folders]

    def parsers(self) -> dict[str, list[Predictions]]:
        """The predictions of the 18 parsers, by task name."""
        return {task.name: self.predictions(task.name) for task in tasks.parsers()}

    def quality(self) -> pd.DataFrame:
        """PSNR and SSIM: model_id, image, photograph, psnr, ssim, bicubic_psnr; a row a network and image."""
        import pandas as pd

        files = sorted(self.workspace.path("quality").glob("*.csv"))
        return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)

    def photographs(self, name: str = "photographs") -> pd.DataFrame:
        """A table of the photographs' room: photographs, images, training or skipped."""
        import pandas as pd

        return pd.read_csv(self.workspace.path("photos", f"{name}.csv"))

    def pixels(self, model_id: str, image: str) -> np.ndarray:
        """One super-resolved image, uint8 H x W x 3; "HR-HR-HR-HR-HR" gives the true one."""
        from .classifiers.images import read_png

        return read_png(self.workspace.path("images", model_id, f"{image}.png"))

    def training_log(self) -> pd.DataFrame:
        """The logs of all trained networks: model_id, step, loss, held_out_psnr."""
        import pandas as pd

        files = sorted(self.workspace.path("networks").glob("*/log.csv"))
        return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)

    def save_table(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Write ``tables/<name>.csv`` and give the frame back."""
        from .tables import to_csv_text

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
