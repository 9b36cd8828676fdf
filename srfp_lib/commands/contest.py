"""The commands ``labs contest make | score``; heavy imports stay inside them."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from ..common.checkout import place


def add_to(labs: argparse._SubParsersAction) -> None:
    """Register `contest` among the commands of `labs`."""
    contest = labs.add_parser("contest", help="images of hidden networks as a package, and scores of submissions")
    parts = contest.add_subparsers(dest="part", required=True, metavar="COMMAND")

    make = parts.add_parser("make", help="write the package; the networks follow from the secret")
    make.add_argument("folder", type=place, metavar="OUT", help="a new folder, for the students")
    make.add_argument("--workspace", default="", metavar="W", help="folder of a run: its profile and its photographs (runs/demo)")
    make.add_argument("--networks", type=int, default=12, metavar="N", help="hidden networks, a quarter of which have no labelled image (12)")
    make.set_defaults(command=_make)

    score = parts.add_parser("score", help="score a submission and enter it in the package's leaderboard")
    score.add_argument("folder", type=place, metavar="OUT", help="the package")
    score.add_argument("submission", type=place, metavar="SUBMISSION.csv", help="submission_template.csv with answers")
    score.add_argument("--team", default="", metavar="NAME", help="whose it is (the name of the file)")
    score.set_defaults(command=_score)
    for part in (make, score):
        part.add_argument("--secret", type=place, required=True, metavar="FILE", help="a file that only the teacher has")


def _make(options: argparse.Namespace) -> int:
    from ..labs.contest import package
    from ..study import Study

    profile = Study.open("", options.workspace, there=bool(options.workspace)).profile
    say = partial(print, file=sys.stderr, flush=True)
    print(package.make(profile, options.folder, options.secret, networks=options.networks, say=say))
    return 0


def _score(options: argparse.Namespace) -> int:
    from ..labs.contest import scoring

    print(scoring.score(options.folder, options.submission, options.secret, team=options.team))
    return 0
