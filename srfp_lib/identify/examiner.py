"""Files judged one after the other by the model of a workspace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import PIL
from threadpoolctl import threadpool_limits

from .. import __version__
from ..common.errors import UserError
from ..common.files import write_whole
from ..common.names import legible
from ..experiments import identification
from ..forensics import judging
from ..forensics.naming import Naming
from ..photos.reading import UnreadableError
from ..profiles import Profile
from ..workflow.workspace import Workspace
from . import reading, records, report

Found = tuple[dict[str, Any], np.ndarray | None]
MODEL = "identify/model"


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


class Run(Protocol):
    """What is asked of a `srfp_lib.study.Study`, which this room does not import."""

    workspace: Workspace
    profile: Profile
    keys: dict[str, str]

    def states(self) -> dict[str, str]: ...

    def make(self, *beginnings: str) -> None: ...

    def outputs(self, beginning: str) -> list[Path]: ...


class Examiner:
    """The model of a workspace; what it lacks there is made first, which ``say`` tells."""

    def __init__(self, study: Run, say: Callable[[str], None] = say) -> None:
        self.study = study
        if study.states().get("identify") != "done":
            say(f"'{study.workspace.root}' has no model for identify yet: it is made once, from the images that are there in about a minute ...")
            study.make("identify")
        self.model = Naming.load(study.outputs(MODEL)[0])

    def examine(self, paths: Sequence[Path], progress: Callable[[list[Path]], Any] = iter) -> Iterator[Found]:
        """The record of each file, and its pixels if it could be read. Raises UserError for a folder without images."""
        files = reading.found(list(paths))
        if not files:
            raise UserError(f"'{paths[0]}' holds no image files: name one with {', '.join(reading.SUFFIXES)}" if paths else "no image is named")
        with threadpool_limits(1):  # on matrices this small threads only wait for one another
            for file in progress(files):
                yield self.one(file)

    def one(self, file: Path) -> Found:
        """The record of a file."""
        try:
            evidence = reading.opened(file)
        except UnreadableError as error:
            return records.failed(legible(str(file)), f"the file {error}"), None
        judgement = judging.judge(self.model, evidence.pixels, lossy=evidence.format in ("JPEG", "MPO", "WEBP"))
        return records.record(evidence, judgement, self.model, self.study.profile), evidence.pixels

    def method(self) -> dict[str, Any]:
        """What a report tells about the model."""
        receipt = self.study.workspace.receipt("identify")
        return {
            **{name: value for name, value in self.model.about.items() if name != "judged"},
            "rates": identification.rates(pd.DataFrame(self.model.about["judged"])).to_dict("records"),
            "date": date.today().isoformat(), "version": __version__, "profile": self.study.profile.name,
            "key": self.study.keys["identify"][:12], "side": self.model.side, "crops": judging.MOST, "sure": judging.SURE,
            "versions": {**(receipt.versions if receipt else {}), "pillow": PIL.__version__},
        }  # fmt: skip

    def write_report(self, found: Sequence[Found], path: Path) -> None:
        """Write the HTML page about images."""
        if path.is_dir():
            raise UserError(f"'{path}' is a folder: name a file for the report")
        page = report.page([record for record, _ in found], [pixels for _, pixels in found], self.method())
        write_whole(path, page.encode("utf-8", "replace"))
