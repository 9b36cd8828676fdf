"""A workspace as a reader or a chapter sees it: what is made, and a way to make the rest."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from . import profiles, program, tasks
from .common import devices, memory, surroundings
from .common.checkout import HOME, absolute
from .common.errors import UserError
from .common.files import write_whole
from .pages import chapters, notebooks, spelling
from .pages.page import Box, Shown, Text
from .pages.parameters import whole
from .pages.tables import to_csv_text
from .planning import obstacles
from .planning.costs import Costs
from .profiles import Profile
from .stages.shelf import Shelf
from .workflow import run
from .workflow.desk import code, cpu_model, instructions, versions
from .workflow.jobs import keys
from .workflow.placement import Demand
from .workflow.receipts import Receipt
from .workflow.workspace import Workspace

if TYPE_CHECKING:
    from .figures import Picture


class Study(Shelf):
    """``everything`` are all jobs of the profile; ``jobs`` those that can be made here, chapters included.

    >>> Study.open("smoke", "runs/example").profile.name
    'smoke'
    """

    def __init__(self, workspace: Workspace) -> None:
        with memory.inputs_in(workspace.path("receipts", ".inputs")):
            self.everything = program.table(workspace.profile, recorded=workspace.recorded())
        jobs = program.possible(self.everything) | chapters.table(self.everything, workspace.profile)
        super().__init__(workspace, jobs, keys(jobs))

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

    def make(self, *beginnings: str, workers: int = run.DEFAULT_WORKERS, device: str = "auto") -> None:
        """Make every missing job whose name begins so, and what it needs, on this machine; ``device`` as on the command line."""
        names = [name for name in self.jobs if name.startswith(beginnings)]
        due = run.pending(self.workspace, self.jobs, self.keys, names)
        if due and os.environ.get("SRFP_OUT"):  # the runner made everything that this chapter needs
            raise UserError("input files changed while the study was running: run the same command again")
        obstacles.refuse(self.profile, due.values(), self.workspace.root, workers)
        run.make(self.workspace, self.jobs, self.keys, names, workers=workers, device=device, demands=self.demands(device) if due else {})

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

    def spelled(self, value: object) -> str:
        """A hyperparameter's value as a page of this run spells it: "DIV2K role" where other photographs play DIV2K."""
        return spelling.spelled(self.profile, value)

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
