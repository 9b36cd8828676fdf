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
    from .examiner import Run

__all__ = ["identify"]


def identify(images: str | Path | Iterable[str | Path], study: Run, *, report: str | Path = "") -> list[dict[str, Any]]:
    """Judge image files, and those in folders: a record for each, as the command ``identify --json`` prints it (`records.record`).

    ``study``: the run whose networks are known; what it lacks is made first. ``report``: an HTML file to write.
    A file that cannot be judged has ``error`` in its record. Raises UserError without files.
    """
    from .examiner import Examiner

    several = [images] if isinstance(images, (str, Path)) else list(images)
    examiner = Examiner(study)
    found = list(examiner.examine([absolute(one) for one in several]))
    if report:
        examiner.write_report(found, absolute(report))
    return [record for record, _ in found]
