"""The commands ``labs list | build``; heavy imports stay inside them."""

from __future__ import annotations

import argparse

from ..common.checkout import place


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register `labs` with its commands."""
    labs = commands.add_parser("labs", help="exercises for a class: notebooks for students and instructors, hand-ins, a contest")
    kinds = labs.add_subparsers(dest="kind", required=True, metavar="COMMAND")

    list_ = kinds.add_parser("list", help="the labs, their exercises and points")
    list_.set_defaults(command=_list)

    build = kinds.add_parser("build", help="write the notebooks of an edition")
    build.add_argument("folder", type=place, metavar="OUT", help="folder for the notebooks; files of others in it are left alone")
    build.add_argument("--edition", default="student", choices=("student", "instructor"), help="whose notebooks (student)")
    build.add_argument("--lab", default="", metavar="lab1", help="only this lab")
    build.set_defaults(command=_build)


def _list(options: argparse.Namespace) -> int:
    from ..labs import authored

    for lab in authored.labs():
        exercises = f"{len(lab.exercises)} exercise{'s' * (len(lab.exercises) != 1)}"
        print(f"{lab.id}  {lab.title}  ({exercises}, {lab.points} points)")
    return 0


def _build(options: argparse.Namespace) -> int:
    from ..labs import authored, packing

    chosen = [authored.Lab.read(options.lab)] if options.lab else authored.labs()
    for path in packing.write(chosen, options.folder, options.edition):
        print(path)
    return 0
