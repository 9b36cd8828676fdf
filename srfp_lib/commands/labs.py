"""The commands ``labs list | build | check``; heavy imports stay inside them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.checkout import place
from ..common.errors import UserError
from . import contest

if TYPE_CHECKING:
    from ..labs.authored import Lab
    from ..labs.grading import Score


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register `labs` with its commands."""
    labs = commands.add_parser("labs", help="exercises for a class: notebooks for students and instructors, hand-ins, a contest")
    kinds = labs.add_subparsers(dest="kind", required=True, metavar="COMMAND")

    list_ = kinds.add_parser("list", help="the labs, their exercises and points")
    list_.set_defaults(command=_list)

    build = kinds.add_parser("build", help="write the notebooks of an edition")
    build.add_argument("folder", type=place, metavar="OUT", help="folder for the notebooks; files of others in it are left alone")
    build.add_argument("--edition", default="student", choices=("student", "instructor", "nbgrader", "otter"), help="whose notebooks (student)")
    build.add_argument("--lab", default="", metavar="lab1", help="only this lab")
    build.add_argument("--roster", type=place, metavar="CSV", help="one folder and notebook for each name in its column 'student'")
    build.add_argument("--zip", action="store_true", help="labs.zip instead, with the students' notebooks and how to use them")
    build.set_defaults(command=_build)

    check = kinds.add_parser("check", help="what is wrong with a hand-in, before it is handed in")
    check.add_argument("file", type=place, metavar="FILE", help="the notebook; nothing of it is executed without --run")
    check.add_argument("--run", action="store_true", help="also run its answers, by the checks that students see (where labs/ is; Linux, macOS)")
    check.set_defaults(command=_check)

    grade = kinds.add_parser("grade", help="grade a folder of hand-ins, each exercise for itself, in a sandbox (Linux, macOS)")
    grade.add_argument("folder", type=place, metavar="FOLDER", help="notebooks of any names, also in folders of it")
    grade.add_argument("--out", type=place, metavar="CSV", help="table of the scores; the sums go into NAME-sum.csv beside it (FOLDER/scores.csv)")
    grade.add_argument("--workers", type=int, default=2, metavar="N", help="hand-ins at a time (2)")
    grade.set_defaults(command=_grade)

    contest.add_to(kinds)


def _list(options: argparse.Namespace) -> int:
    for lab in _all():
        exercises = f"{len(lab.exercises)} exercise{'s' * (len(lab.exercises) != 1)}"
        print(f"{lab.id}  {lab.title}  ({exercises}, {lab.points} points)")
    return 0


def _build(options: argparse.Namespace) -> int:
    from ..labs import authored, packing

    if options.edition != "student" and (options.roster or options.zip):
        raise UserError(f"--roster and --zip are for students, and --edition is {options.edition}: leave one out")
    if options.roster and options.zip:
        raise UserError("--roster and --zip do not go together: leave one out")
    chosen = [authored.Lab.read(options.lab)] if options.lab else _all()
    if options.zip:
        made = packing.zipped(chosen, options.folder)
    elif options.roster:
        made = packing.write_for_each(chosen, options.folder, packing.roster(options.roster))
    else:
        made = packing.write(chosen, options.folder, options.edition)
    print("\n".join(map(str, made)))
    return 0


def _check(options: argparse.Namespace) -> int:
    from ..labs import blank, handin

    blanks = blank.blanks(options.file.parent)
    found = handin.read(options.file, blanks)
    for kind, sentences in (("mend", found.problems), ("look at", found.warnings)):
        for sentence in sentences:
            print(f"{kind}: {sentence}")
    exercises = len(blanks[found.lab].stubs)
    if found.unsolved:
        print(f"not solved yet: {', '.join(found.unsolved)}")
    for score in _scores(options.file, found.lab) if options.run else []:
        print(f"exercise {score.exercise}: {score.what}{'' if score.points else f' (0 of {score.of} points)'}")
    answered = f"{found.lab}, {len(found.answers) - len(found.unsolved)} of {exercises} exercises answered"
    if found.problems:
        print(f"'{options.file.name}' should not be handed in yet: {answered}")
        return 2
    print(f"'{options.file.name}' can be handed in: {answered}")
    return 0


def _scores(file: Path, id: str) -> list[Score]:
    """What the checks that students see say of a hand-in, run in the sandbox."""
    _refuse_windows()
    from ..labs import authored, grading

    if not authored.files():
        raise UserError("--run needs the authored labs, which are not here: run the notebook from its first cell to its last instead")
    lab = authored.Lab.read(id)
    seen = replace(lab, exercises=tuple(replace(exercise, check=exercise.visible_check) for exercise in lab.exercises))
    return grading.grade_one(file, seen)


def _grade(options: argparse.Namespace) -> int:
    _refuse_windows()
    from ..labs import grading

    if options.workers < 1:
        raise UserError(f"--workers {options.workers} grades nothing: give 1 or more")
    labs = {lab.id: lab for lab in _all()}
    out = options.out or options.folder / "scores.csv"
    scores = grading.grade(options.folder, out, labs, workers=options.workers)
    print(f"{len(scores)} scores are in '{out}'")
    return 0


def _all() -> list[Lab]:
    """The authored labs. Raises UserError if there is none."""
    from ..labs import authored

    if not (found := authored.labs()):
        raise UserError(f"'{authored.FOLDER}' holds no lab: restore it from the repository")
    return found


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise UserError("hand-ins are graded on Linux and macOS: on Windows use WSL")
