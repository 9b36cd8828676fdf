"""Files judged one after the other by the model of a workspace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from threadpoolctl import threadpool_limits

from .. import __version__
from ..common.errors import UserError
from ..common.files import write_whole
from ..common.names import legible
from ..forensics import judging
from ..forensics.naming import Naming
from ..photos.reading import UnreadableError
from ..study import Study
from . import reading, records, report

Found = tuple[dict[str, Any], np.ndarray | None]
MODEL = "identify/model"


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


class Examiner:
    """The model of a workspace; what it lacks there is made first, which ``say`` tells."""

    def __init__(self, study: Study, say: Callable[[str], None] = say) -> None:
        self.study = study
        if study.states().get("identify") != "done":
            say(f"'{study.workspace.root}' has no model for identify yet: it is made once, from the images that are there in about a minute ...")
            study.make("identify")
        self.model = Naming.load(study.outputs(MODEL)[0])

    @classmethod
    def at(cls, workspace: str | Path) -> Examiner:
        """Of a workspace folder, by default runs/demo. Raises UserError if there is none."""
        return cls(Study.open("", workspace, there=True))

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
            **self.model.about, "date": date.today().isoformat(), "version": __version__, "profile": self.study.profile.name,
            "key": self.study.keys["identify"][:12], "side": self.model.side, "crops": judging.MOST, "sure": judging.SURE,
            "versions": {**(receipt.versions if receipt else {}), "pillow": PIL.__version__},
        }  # fmt: skip

    def write_report(self, found: Sequence[Found], path: Path) -> None:
        """Write the HTML page about images."""
        if path.is_dir():
            raise UserError(f"'{path}' is a folder: name a file for the report")
        page = report.page([record for record, _ in found], [pixels for _, pixels in found], self.method())
        write_whole(path, page.encode("utf-8", "replace"))
