"""A workspace as a reader or a chapter sees it: what is made, and a way to make the rest."""

from __future__ import annotations

import json
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from . import profiles, program, tasks
from .classifiers.predictions import Predictions
from .common import devices, memory, surroundings
from .common.checkout import HOME, absolute
from .common.errors import UserError
from .common.files import write_whole
from .common.frames import read_table
from .images.arrays import read_array
from .pages import chapters, notebooks, spelling
from .pages.page import Box, Shown, Text
from .pages.parameters import whole
from .pages.tables import to_csv_text
from .planning import obstacles
from .planning.costs import Costs
from .profiles import Profile
from .published import sources
from .workflow import run
from .workflow.desk import code, cpu_model, instructions, versions
from .workflow.jobs import keys
from .workflow.placement import Demand
from .workflow.receipts import Receipt
from .workflow.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from .classifiers.kept import Kept
    from .figures import Picture
    from .forensics.described import Described

IN_WORDS = {
    "a network of the paper": "of the paper's networks", "another published network": "other published networks",
    "images of a folder": "sets of images of other people's networks", "the authors' images": "real networks, the authors' images",
}  # fmt: skip


class Study:
    """``everything`` are all jobs of the profile; ``jobs`` those that can be made here, chapters included.

    >>> Study.open("smoke", "runs/example").profile.name
    'smoke'
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.profile = workspace, workspace.profile
        with memory.inputs_in(workspace.path("receipts", ".inputs")):
            self.everything = program.table(workspace.profile, recorded=workspace.recorded())
        self.jobs = program.possible(self.everything) | chapters.table(self.everything, workspace.profile)
        self.keys = keys(self.jobs)

    @classmethod
    def open(cls, profile: str | Path | Profile = "", workspace: str | Path = "", *, there: bool = False) -> Study:
        """The study at a profile, in a workspace folder (default: ``runs/<profile>`` in the checkout).

        Without a profile an existing workspace has its own, and a new one gets ``demo``, or with ``there`` is refused (UserError).
        """
        surroundings.prepare()
        root = absolute(workspace) if workspace != "" else None
        if not profile and root and any((root / name).exists() for name in ("profile.json", "receipts")):
            return cls(_still_known(Workspace.existing(root)))
        chosen = profiles.at_home(profile) if isinstance(profile, Profile) else profiles.get(str(profile) or "demo")
        found = Workspace.open(root or HOME / "runs" / chosen.name, chosen)
        if there and not found.root.exists():
            raise UserError(f"there is no workspace '{found.root}': name the folder of a run, or make one with the command run")
        if not root:
            found.refuse_namesake()
        return cls(found)

    def states(self) -> dict[str, str]:
        """The state of every job: done, missing, stale or damaged."""
        return self.workspace.states(self.jobs, self.keys)

    def receipts(self, *beginnings: str) -> list[Receipt]:
        """The receipts of the jobs that are done and whose name begins so, or of all that are done."""
        names = [name for name in self.jobs if name.startswith(beginnings or "")]
        done = (name for name in names if self.workspace.state(self.jobs[name], self.keys[name]) == "done")
        return [receipt for name in done if (receipt := self.workspace.receipt(name))]

    def made_elsewhere(self) -> list[str]:
        """Lines on results that are done and were made with other library versions, on another kind of CPU or by other code than here."""
        groups: dict[str, int] = {}
        receipts = self.receipts()
        used = any(receipt.instructions for receipt in receipts)  # only then is it worth to import torch
        here = {**versions(), "processor": cpu_model(), "vector instructions": instructions() if used else "", "code": code()}
        for receipt in receipts:
            there = {**receipt.versions, "processor": receipt.cpu, "vector instructions": receipt.instructions, "code": receipt.code}
            differs = [f"{name} {there[name]} (here {value})" for name, value in here.items() if there.get(name) not in (None, "", value)]
            if differs:
                groups["; ".join(differs)] = groups.get("; ".join(differs), 0) + 1
        return [f"{count} jobs were made with {what}" for what, count in groups.items()]

    def makes(self, beginning: str) -> bool:
        """Whether this study makes any output whose path begins so."""
        return any(output.startswith(beginning) for job in self.jobs.values() for output in job.outputs)

    def make(self, *beginnings: str, workers: int = run.DEFAULT_WORKERS, device: str = "auto") -> None:
        """Make every missing job whose name begins so, and what it needs, on this machine; ``device`` as on the command line."""
        names = [name for name in self.jobs if name.startswith(beginnings)]
        due = run.pending(self.workspace, self.jobs, self.keys, names)
        if due and os.environ.get("SRFP_OUT"):  # the runner made everything that this chapter needs
            raise UserError("input files changed while the study was running: run the same command again")
        obstacles.refuse(self.profile, due.values(), self.workspace.root, workers)
        run.make(self.workspace, self.jobs, self.keys, names, workers=workers, device=device, demands=self.demands(device))

    def demands(self, device: str = "auto", *, elsewhere: bool = False) -> dict[str, Demand]:
        """What each job takes on the reference CPU, or GPU if there is one here or the jobs run ``elsewhere``: for their order and places."""
        kind = "cuda" if elsewhere and device != devices.CPU else devices.find(device)[0]
        return Costs(self.profile, kind).demands(self.jobs)

    def begin(self, chapter: str, *, workers: int = run.DEFAULT_WORKERS, device: str = "auto") -> Text:
        """Make what a chapter needs, nothing if it is there, with ``workers`` on a ``device``; returns a line on what it rests on."""
        (chapter,) = chapters.chosen(chapter)
        whole("workers", workers, 1, 1024)
        devices.find(device)
        notebooks.check(chapters.CHAPTERS[chapter].notebook, notebooks.injected())
        if sentence := chapters.obstacle(self.everything, self.profile, chapter):
            raise UserError(sentence)
        needs = chapters.CHAPTERS[chapter].needs
        if not needs:
            return notebooks.kept(chapters.CHAPTERS[chapter].notebook)
        self.make(*needs, workers=workers, device=device)
        if not (receipts := self.receipts(*needs)):  # a part of the study that this run leaves out
            return Text("")
        work = sum(receipt.seconds for receipt in receipts)
        jobs = "1 job" if len(receipts) == 1 else f"{len(receipts)} jobs"
        line = f"*This page rests on {jobs}, {work:.0f} seconds of work in all, at profile `{self.profile.name}`.*"
        if self.profile.name == "smoke":
            line += "\n\n**A smoke run shows that everything works; its numbers mean nothing.**"
        return Text(line)

    def box(self, chapter: str) -> Box:
        """The box that ends a chapter."""
        needs = chapters.CHAPTERS[chapter].needs
        return Box(chapter, self.profile, self.receipts(*needs) if needs else [])

    def outputs(self, beginning: str) -> list[Path]:
        """The outputs whose path begins so, of jobs that are done. Raises UserError if any of these jobs is not done, or none exists.

        Nothing without a valid receipt is read as a result, whatever else lies in the folder.
        """
        found: list[Path] = []
        for name, job in self.jobs.items():
            mine = [output for output in job.outputs if output.startswith(beginning)]
            if mine and (state := self.workspace.state(job, self.keys[name])) != "done":
                raise UserError(f"'{mine[0]}' of '{self.workspace.root}' is {state}: run the chapter's first cell, or the command run")
            found += [self.workspace.path(output) for output in mine]
        if not found:
            raise UserError(f"profile '{self.profile.name}' makes no '{beginning}': choose a profile that does")
        return found

    def predictions(self, task: str) -> list[Predictions]:
        """The predictions of every run of a task, for example ``attribution`` or ``parse-scale-without-s3``."""
        return [Predictions.load(folder) for folder in sorted(self.outputs(f"predictions/{task}/"), key=lambda path: int(path.name))]

    def classifier(self, run: int = 1) -> Kept:
        """The attribution classifier of a run: called with uint8 images n h w 3, it returns the probabilities of the 180 networks."""
        from .classifiers.kept import Kept

        (path,) = self.outputs(f"classifiers/attribution/{run}.safetensors")
        return Kept(path, self.profile.classifier, probed=self.profile.classifier.probe > 0)

    def parsers(self) -> dict[str, list[Predictions]]:
        """The predictions of the 18 parsers, by task name."""
        return {task.name: self.predictions(task.name) for task in tasks.parsers()}

    def parsers_known_offset(self) -> dict[str, list[Predictions]]:
        """The predictions of the parsers that know the offset of their images, by the task's name."""
        found = [task.name for task in tasks.parsers() if self.makes(f"predictions/{task.name}-known-offset/")]
        return {name: self.predictions(f"{name}-known-offset") for name in found}

    def parsers_of_published(self) -> dict[str, list[Predictions]]:
        """The predictions of the parsers on published networks, by the hyperparameter that they parse."""
        return {asks: self.predictions(f"parse-{asks}-of-published") for asks in tasks.PARSED_OF_PUBLISHED}

    def controls(self) -> dict[str, list[Predictions]]:
        """The predictions of the controls of the attribution classifier, by name."""
        return {name: self.predictions(f"attribution-{name}") for name in self.profile.classifier.controls}

    def backbones(self) -> dict[str, list[Predictions]]:
        """The predictions of the rows of Table 2, by backbone."""
        return {b: self.predictions(f"backbone-{b}") for b in self.profile.classifier.backbones}

    def fingerprint_kinds(self) -> list[str]:
        """The kinds of fingerprints of this run, other than the CNN's; nothing need be made."""
        return [kind for kind in self.profile.fingerprints.kinds if self.makes(f"predictions/fingerprint-{kind}/")]

    def fingerprints(self) -> dict[str, tuple[Predictions, Predictions]]:
        """Attribution of the custom and of the published networks by the kinds of fingerprints of this run, the CNN's run 1 first."""
        made = {kind: (f"fingerprint-{kind}", f"fingerprint-{kind}-published") for kind in self.fingerprint_kinds()}
        folders = {"cnn": ("attribution", "published")} | made
        first = {kind: [self.outputs(f"predictions/{task}/1")[0] for task in tasks_] for kind, tasks_ in folders.items()}
        return {kind: (Predictions.load(custom), Predictions.load(published)) for kind, (custom, published) in first.items()}

    def pictured(self) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """What fingerprints look like: networks (group, model_id), and of each its patterns n 2 4 4 3 and mean log spectrum n 32 17."""
        (folder,) = self.outputs("fingerprints")
        networks = pd.DataFrame(json.loads((folder / "networks.json").read_text()))
        return networks, read_array(folder / "patterns.npy"), read_array(folder / "spectra.npy")

    def spectra(self) -> Described:
        """The log power spectra of all images."""
        from .forensics.described import Described

        return Described.load(self.outputs("spectra")[0])

    def published_names(self) -> list[str]:
        """The model_ids of this run's published networks; nothing need be made."""
        release = self.profile.release
        return [n.model_id for n in sources.networks(self.profile.published) if not release.folder or n.model_id in release.networks]

    def published(self) -> pd.DataFrame:
        """The published networks of this run and the origin of their images: model_id, origin, and what else is known of them."""
        names = self.published_names()
        if sources.is_folder(self.profile.published):
            files = [self.outputs("published")[0] / f"{name}.json" for name in names]
        else:
            files = [file for name in names for file in self.outputs(f"published/{name}.json")]
        return pd.DataFrame([json.loads(file.read_text()) for file in files], columns=None if files else ["model_id", "origin"])

    def mixture(self) -> str:
        """The origins of the published networks' images in words, for captions."""
        counts = self.published()["origin"].value_counts()
        return "; ".join(f"{n} {IN_WORDS.get(str(origin), origin)}" for origin, n in counts.items()) or "none"

    def spelled(self, value: object) -> str:
        """A hyperparameter's value as a page of this run spells it: "DIV2K role" where other photographs play DIV2K."""
        return spelling.spelled(self.profile, value)

    def quality(self, *, everything: bool = False) -> pd.DataFrame:
        """Quality of the custom networks' images, or of all: model_id, image, photograph, psnr, ssim, lpips if measured, bicubic_psnr."""
        files = [f for f in sorted(self.outputs("quality/")) if everything or not f.name.startswith("published-")]
        return pd.concat([read_table(file) for file in files], ignore_index=True)

    def photographs(self, name: str = "photographs") -> pd.DataFrame:
        """A table of the photographs' room: photographs, images, training or skipped."""
        return read_table(self.outputs("photos")[0] / f"{name}.csv")

    def statistics(self) -> pd.DataFrame:
        """The numbers of Table A.1 for each photograph: `srfp_lib.photos.statistics.rows`."""
        return read_table(self.outputs("statistics/")[0])

    def pixels(self, model_id: str, image: str) -> np.ndarray:
        """One super-resolved image, uint8 H x W x 3; "HR-HR-HR-HR-HR" names the true one."""
        from .images.arrays import read_kept

        table = self.outputs("photos")[0] / "images.csv"
        if (position := _positions(table, table.stat().st_mtime_ns).get(image)) is None:
            raise UserError(f"there is no image '{image}': 'photos/images.csv' of the workspace lists them")
        return read_kept(self.workspace.root, model_id, image, position)

    def training_log(self) -> pd.DataFrame:
        """The logs of all trained networks: model_id, step, loss, held_out_psnr."""
        return pd.concat([pd.read_csv(folder / "log.csv") for folder in sorted(self.outputs("networks/"))], ignore_index=True)

    def save_table(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Under the runner write ``tables/<name>.csv``; returns the frame. A chapter run by hand leaves the workspace as it is."""
        if staged := os.environ.get("SRFP_OUT"):
            write_whole(Path(staged, "tables", f"{name}.csv"), to_csv_text(frame).encode())
        frame.attrs["csv"] = name  # the page that shows it offers the file
        return frame

    def show(self, name: str, picture: Picture) -> Shown:
        """Show a figure with its alt text; under the runner write ``figures/<name>.png`` and ``.svg`` as well."""
        from .figures import save

        staged = os.environ.get("SRFP_OUT")
        with tempfile.TemporaryDirectory() as elsewhere:
            folder = Path(staged or elsewhere, "figures")
            folder.mkdir(parents=True, exist_ok=True)
            save(picture[0], folder, name)
            return Shown((folder / f"{name}.png").read_bytes(), picture[1], (folder / f"{name}.svg").read_text(encoding="utf-8"))


def _still_known(workspace: Workspace) -> Workspace:
    """A workspace whose own profile names no control that is gone since it was made. Raises UserError."""
    try:
        for name in workspace.profile.classifier.controls:
            if name != tasks.COLOUR_ALONE:
                tasks.control(name)
    except UserError as error:
        file = workspace.path("profile.json")
        raise UserError(f"'{file}', the profile that the workspace was made with, does not fit this version of the package "
                        f"({error}): give the --profile of the run too, and the command run stores it anew") from None  # fmt: skip
    return workspace


@lru_cache(maxsize=1)
def _positions(table: Path, _changed: int) -> dict[str, int]:
    """The place of each image in a table of images that was last changed at that time."""
    return {image: position for position, image in enumerate(read_table(table)["image"])}
