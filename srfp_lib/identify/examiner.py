"""Files judged one after the other by the model of a workspace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

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
from ..stages.shelf import Shelf
from ..workflow import run
from . import reading, records, report

Found = tuple[dict[str, Any], np.ndarray | None]
JOB, MODEL = "identify", "identify/model"


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


class Examiner:
    """The model of a workspace; if it has none, it is made first, which ``say`` tells. Raises UserError if the run is not finished."""

    def __init__(self, study: Shelf, say: Callable[[str], None] = say) -> None:
        self.study = study
        if JOB not in study.jobs:
            raise UserError(f"the run in '{study.workspace.root}' makes no model for identify: name the workspace of another one")
        if due := run.pending(study.workspace, study.jobs, study.keys, [JOB]):
            root = study.workspace.root
            if lacking := [name for name in due if name != JOB]:  # training them may take days
                raise UserError(f"identify needs a finished run, and '{root}' lacks {lacking[0]}: finish it with "
                                f"python -m srfp_lib run --workspace '{root}'")  # fmt: skip
            say(f"'{root}' has no model for identify yet: it is made once, from the images that are there in about two minutes ...")
            run.make(study.workspace, study.jobs, study.keys, [JOB])
        self.model = Naming.load(study.outputs(MODEL)[0])

    def examine(self, paths: Sequence[Path], progress: Callable[[list[Path]], Any] = iter) -> Iterator[Found]:
        """The record of each file, and its pixels if it could be read. Raises UserError for a folder without images."""
        with threadpool_limits(1):  # on matrices this small threads only wait for one another
            for file in progress(reading.found(paths)):
                yield self.one(file)

    def one(self, file: Path) -> Found:
        """The record of a file."""
        try:
            evidence = reading.opened(file)
        except UnreadableError as error:
            return records.failed(legible(str(file)), f"not judged: {error}"), None
        judgement = judging.judge(self.model, evidence.pixels, lossy=evidence.format in ("JPEG", "MPO", "WEBP"))
        if reading.blank(evidence.pixels):  # the model has met no such images, and its extrapolations mean nothing
            judgement = replace(judgement, verdict=judging.UNSURE, reason="the image is flat, and nothing is in it that could carry a fingerprint")
        return records.record(evidence, judgement, self.model, self.study.profile), evidence.pixels

    def method(self) -> dict[str, Any]:
        """What a report tells about the model."""
        receipt = self.study.workspace.receipt(JOB)
        return {
            **{name: value for name, value in self.model.about.items() if name != "judged"},
            "rates": identification.rates(pd.DataFrame(self.model.about["judged"])).to_dict("records"),
            "date": date.today().isoformat(), "version": __version__, "profile": self.study.profile.name,
            "key": self.study.keys[JOB][:12], "side": self.model.side, "crops": judging.MOST, "sure": judging.SURE,
            "versions": {**(receipt.versions if receipt else {}), "pillow": PIL.__version__},
        }  # fmt: skip

    def write_report(self, found: Sequence[Found], path: Path) -> None:
        """Write the HTML page about images."""
        page = report.page([record for record, _ in found], [pixels for _, pixels in found], self.method())
        write_whole(path, page.encode("utf-8", "replace"))
