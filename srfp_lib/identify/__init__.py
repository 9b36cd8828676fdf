"""One image, its verdict: which network made it, if any, how sure that is, and why it may be wrong.

from srfp_lib.identify import identify
from srfp_lib.study import Study
records = identify("found.png", Study.open("", "runs/demo"))
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.checkout import absolute

if TYPE_CHECKING:
    from ..stages.shelf import Shelf

__all__ = ["identify"]


def identify(images: str | Path | Iterable[str | Path], study: Shelf, *, report: str | Path = "") -> list[dict[str, Any]]:
    """Judge image files, and those in folders: a record for each, as the command ``identify --json`` prints it (`records.record`).

    ``study``: the run whose networks are known. ``report``: an HTML file to write.
    A file that cannot be judged has ``error`` in its record. Raises UserError without files, and for a run that is not finished.
    """
    from . import report as pages
    from .examiner import Examiner
    from .reading import found as files

    several = files([absolute(one) for one in ([images] if isinstance(images, (str, Path)) else images)])
    if report:
        pages.check(absolute(report), several)
    examiner = Examiner(study)
    found = list(examiner.examine(several))
    if report:
        examiner.write_report(found, absolute(report))
    return [record for record, _ in found]
