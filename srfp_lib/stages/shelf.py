"""What the jobs of a workspace have left, read back for chapters and notebooks. Nothing is read as a result without a valid receipt."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from .. import tasks
from ..classifiers.predictions import Predictions
from ..common.errors import UserError
from ..common.frames import read_table
from ..images.arrays import read_array, read_kept
from ..published import sources
from ..workflow.jobs import Job
from ..workflow.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from ..classifiers.kept import Kept
    from ..forensics.described import Described

IN_WORDS = {
    "a network of the paper": "of the paper's networks", "another published network": "other published networks",
    "images of a folder": "sets of images of other people's networks", "the authors' images": "real networks, the authors' images",
}  # fmt: skip


class Shelf:
    """The outputs of a workspace's jobs, each with the key of what it was made from."""

    def __init__(self, workspace: Workspace, jobs: dict[str, Job], keys: dict[str, str]) -> None:
        self.workspace, self.profile, self.jobs, self.keys = workspace, workspace.profile, jobs, keys

    def makes(self, beginning: str) -> bool:
        """Whether this study makes any output whose path begins so."""
        return any(output.startswith(beginning) for job in self.jobs.values() for output in job.outputs)

    def outputs(self, beginning: str) -> list[Path]:
        """The outputs whose path begins so, of jobs that are done. Raises UserError if any of these jobs is not done, or none exists."""
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
        from ..classifiers.kept import Kept

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
        from ..forensics.described import Described

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
        table = self.outputs("photos")[0] / "images.csv"
        if (position := _positions(table, table.stat().st_mtime_ns).get(image)) is None:
            raise UserError(f"there is no image '{image}': 'photos/images.csv' of the workspace lists them")
        return read_kept(self.workspace.root, model_id, image, position)

    def training_log(self) -> pd.DataFrame:
        """The logs of all trained networks: model_id, step, loss, held_out_psnr."""
        return pd.concat([pd.read_csv(folder / "log.csv") for folder in sorted(self.outputs("networks/"))], ignore_index=True)


@lru_cache(maxsize=1)
def _positions(table: Path, _changed: int) -> dict[str, int]:
    """The place of each image in a table of images that was last changed at that time."""
    return {image: position for position, image in enumerate(read_table(table)["image"])}
