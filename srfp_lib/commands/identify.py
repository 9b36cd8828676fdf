"""``identify``: which network made an image. Heavy imports stay inside the command."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.checkout import place

if TYPE_CHECKING:
    from ..identify.examiner import Found

COLUMNS = ("file", "sha256", "verdict", "model_id", "probability", "log10_lr", "scale", "loss", "architecture", "tried", "flipped",
           "warnings", "error")  # fmt: skip


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``identify`` among the commands of the command line."""
    parser = commands.add_parser("identify", help="say which network made an image, if any, and how sure that is; nothing leaves this machine")
    parser.add_argument("images", nargs="+", type=place, metavar="IMAGE", help="image files; of a folder all that lie in it, listed as CSV")
    parser.add_argument("--workspace", default="", metavar="W", help="folder of the run whose networks are known (runs/demo)")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    parser.add_argument("--report", type=place, metavar="FILE.html", help="write a page that explains the verdicts to anybody")
    parser.set_defaults(command=_identify)


def _identify(options: argparse.Namespace) -> int:
    from ..identify import reading, report
    from ..identify.examiner import Examiner
    from ..study import Study

    study = Study.open("", options.workspace, there=True)
    files = reading.found(options.images)
    if options.report:
        report.check(options.report, files)
    examiner = Examiner(study)
    folder = any(path.is_dir() for path in options.images)
    show = _as_json if options.json else _csv() if folder else _as_text
    found: list[Found] = []
    failures = 0
    for record, pixels in examiner.examine(files, _bar if folder else iter):
        show(record)
        failures += "error" in record
        if options.report:
            found.append((record, pixels))
    if options.report:
        examiner.write_report(found, options.report)
        print(f"The report is {options.report}", file=sys.stderr)
    if failures and not options.json:
        print(f"srfp_lib: {failures} file{'s' * (failures > 1)} could not be judged", file=sys.stderr)
    return 1 if failures else 0


def _bar(files: list[Path]) -> Iterable[Path]:
    from tqdm import tqdm

    return tqdm(files, unit="image", file=sys.stderr)


def _as_json(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


def _as_text(record: dict[str, Any]) -> None:
    from ..identify import words

    print(words.line(record), flush=True)


def _csv() -> Callable[[dict[str, Any]], None]:
    from ..identify import words

    table = csv.DictWriter(sys.stdout, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    return lambda record: table.writerow(words.row(record))
