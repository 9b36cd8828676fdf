"""The command ``plan``: what a run costs on this machine, and what this machine lacks for it. Heavy imports stay inside the command."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``plan`` among the commands of the command line."""
    parser = commands.add_parser("plan", help="what a run costs on this machine, calibrated in two seconds, and what it lacks here")
    parser.add_argument("--profile", default="demo", metavar="P", help="paper, lab, demo, smoke, or a .toml file (demo)")
    parser.add_argument("--workspace", default="", metavar="W", help="folder of the run, whose disk is looked at (runs/<profile>)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes at a time (2)")
    parser.set_defaults(command=_plan)


def _plan(options: argparse.Namespace) -> int:
    from .. import profiles
    from ..common import devices
    from ..common.checkout import HOME
    from ..planning.report import report
    from ..workflow import engine

    engine.check("local", options.workers)
    profile = profiles.get(options.profile)
    root = Path(options.workspace).expanduser().absolute() if options.workspace else HOME / "runs" / profile.name
    print("\n".join(report(profile, root, options.workers, devices.find("auto")[0])))
    return 0
