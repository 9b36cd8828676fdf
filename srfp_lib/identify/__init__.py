"""One image, its verdict: which network made it, if any, how sure that is, and why it may be wrong.

from srfp_lib.identify import identify
records = identify("found.png", workspace="runs/demo")
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..common.checkout import absolute

__all__ = ["identify"]


def identify(images: str | Path | Iterable[str | Path], workspace: str | Path = "", *, report: str | Path = "") -> list[dict[str, Any]]:
    """Judge image files, and those in folders: a record for each, as the command ``identify --json`` prints it (`records.record`).

    ``workspace``: the run whose networks are known (runs/demo); what it lacks is made first. ``report``: an HTML file to write.
    A file that cannot be judged has ``error`` in its record. Raises UserError without files or workspace.
    """
    from .examiner import Examiner

    several = [images] if isinstance(images, (str, Path)) else list(images)
    examiner = Examiner.at(workspace)
    found = list(examiner.examine([absolute(one) for one in several]))
    if report:
        examiner.write_report(found, absolute(report))
    return [record for record, _ in found]
