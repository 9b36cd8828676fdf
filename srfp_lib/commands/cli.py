"""The command line: ``python -m srfp_lib run | status | book``. Heavy imports stay inside the commands."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import __version__
from ..common import devices, surroundings
from ..common.checkout import HOME, absolute
from ..common.errors import UserError
from ..common.files import disk_full_in_a_sentence
from . import book, identify, images, labs, photos, published, release


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; a mistake of the user's becomes one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may hold what the terminal's encoding lacks
    options = _parser().parse_args(arguments)
    try:
        surroundings.prepare()
        with disk_full_in_a_sentence(getattr(options, "workspace", "") or "."):
            code = options.command(options)
            print(end="", flush=True)
            return code
    except UserError as error:
        print(f"srfp_lib: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has enough, as head has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"srfp_lib: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nsrfp_lib: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _sentence(error: OSError) -> str:
    place = error.filename or "the workspace"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"'{place}' cannot be read or written: give yourself the right to, or choose another folder"
    if error.errno == errno.ENOTDIR:
        return f"'{place}' is no folder: choose another one"
    return f"{error.strerror or error} ('{place}'): mend it, or choose another folder"


class _Parser(argparse.ArgumentParser):
    """argparse with one sentence instead of the usage text in front of an error; a cut option is a typo."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"allow_abbrev": False})

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="srfp_lib", description='Recompute "Fingerprints of Super Resolution Networks".')
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND", parser_class=_Parser)

    run = _add(commands, "run", _run, "train, super-resolve, classify, and execute the chapters")
    run.add_argument("--chapters", default="", metavar="07,08", help="only these chapters and what they need")
    run.add_argument("--engine", default="local", metavar="E", help="where jobs run: local, dask or slurm (local)")
    run.add_argument(
        "--scheduler", default="", metavar="tcp://HOST:8786", help="engine dask: the scheduler that runs already (one of this run's own)"
    )
    run.add_argument("--workers", type=int, default=2, metavar="N", help="processes at a time (2)")
    run.add_argument("--device", default="auto", metavar="D", help="where networks run: auto, cpu, cuda (all GPUs), cuda:1, ... (auto)")

    status = _add(commands, "status", _status, "what a workspace holds and lacks")
    status.add_argument("--verify", action="store_true", help="compare every file with its receipt's SHA-256")
    status.add_argument("--watch", action="store_true", help="follow a run that goes on, from another terminal or host, until it ends")

    keep = _add(commands, "keep", _keep, "keep a run's tables as a reference run in data/reference")
    keep.add_argument("name", metavar="NAME", help="name of the reference run")

    plan = _add(commands, "plan", _plan, "what a run costs on this machine, calibrated in two seconds, and what it lacks here", profile="demo")
    plan.add_argument("--workers", type=int, default=2, metavar="N", help="processes at a time (2)")

    release.add_to(commands)
    _add_basicsr_options(commands)
    images.add_to(commands)
    identify.add_to(commands)
    photos.add_to(commands)
    published.add_to(commands)
    labs.add_to(commands)
    book.options(_add(commands, "book", book.book, "build the HTML book from a workspace"))
    return parser


def _add(commands: Any, name: str, work: Callable[[argparse.Namespace], int], about: str, *, profile: str = "") -> argparse.ArgumentParser:
    """A command on a workspace, at a profile that is by default the workspace's own."""
    parser = commands.add_parser(name, help=about)
    default = profile or "the workspace's own; demo for a new one"
    parser.add_argument("--profile", default=profile, metavar="P", help=f"paper, lab, demo, smoke, or a .toml file ({default})")
    parser.add_argument("--workspace", default="", metavar="W", help="folder of the run (runs/<profile>)")
    parser.set_defaults(command=work)
    return parser


def _add_basicsr_options(commands: Any) -> None:
    parser = commands.add_parser("basicsr-options", help="the option file with which BasicSR's own trainer trains a custom network")
    parser.add_argument("network", metavar="MODEL_ID", help="for example EDSR-div2k-x4-L1-s1")
    parser.add_argument("--profile", default="paper", metavar="P", help="profile with the training settings (paper)")
    parser.add_argument("--gt", default="", metavar="FOLDER", help="HR images to train on")
    parser.add_argument("--lq", default="", metavar="FOLDER", help="their LR images")
    parser.add_argument("--val-gt", default="", metavar="FOLDER", help="HR images to measure PSNR on while training (none)")
    parser.add_argument("--val-lq", default="", metavar="FOLDER", help="their LR images")
    parser.set_defaults(command=_basicsr_options)


def _run(options: argparse.Namespace) -> int:
    from ..pages import chapters
    from ..planning import obstacles, plan
    from ..published import sources
    from ..study import Study
    from ..workflow import engines, run

    engines.check(options.engine, options.workers)
    devices.check(options.device) if options.scheduler else devices.find(options.device)  # of other machines each job finds its own
    numbers = chapters.chosen(options.chapters)
    study = Study.open(options.profile, options.workspace)
    wanted = {chapters.name_of(number): chapters.obstacle(study.everything, study.profile, number) for number in numbers}
    if options.chapters and (sentence := next(filter(None, wanted.values()), "")):
        raise UserError(sentence)
    names = [name for name in wanted if name in study.jobs]
    due = list(run.pending(study.workspace, study.jobs, study.keys, names).values())
    obstacles.refuse(study.profile, due, study.workspace.root, options.workers)
    networks = sources.summary(study.profile.published) if any(job.kind == "published" for job in due) else ""
    announcement = plan.announcement(study.profile, due, study.workspace.root, options.workers)
    print(f"{announcement} {networks}".rstrip(), file=sys.stderr)
    run.make(study.workspace, study.jobs, study.keys, names, engine=options.engine, workers=options.workers, device=options.device,
             scheduler=options.scheduler, demands=study.demands(options.device, elsewhere=bool(options.scheduler)))  # fmt: skip
    print(f"Done. Tables, figures and executed chapters are in {study.workspace.root}", file=sys.stderr)
    return 0


def _status(options: argparse.Namespace) -> int:
    from ..pages import chapters
    from ..planning import plan
    from ..published import sources
    from ..study import Study

    study = Study.open(options.profile, options.workspace, there=True)
    if options.watch:
        from .watch import watch

        return watch(study)
    left_out = [line for line in chapters.support(study.everything) if "lacks" in line] if study.profile.release.folder else []
    notes = [*left_out, sources.summary(study.profile.published), *study.made_elsewhere()]
    print(plan.report(study.workspace, study.states(), study.keys, [note for note in notes if note]))
    altered = [f"{name}: {path}" for name in study.jobs for path in study.workspace.altered(name)] if options.verify else []
    for line in altered:
        print(f"altered since its receipt: {line}")
    return 1 if altered else 0


def _keep(options: argparse.Namespace) -> int:
    from ..pages import reference
    from ..study import Study

    study = Study.open(options.profile, options.workspace, there=True)
    print(reference.keep(study.workspace, study.receipts(), options.name, published=study.mixture()))
    return 0


def _plan(options: argparse.Namespace) -> int:
    from .. import profiles
    from ..planning.report import report
    from ..workflow import engines

    engines.check("local", options.workers)
    profile = profiles.get(options.profile)
    root = absolute(options.workspace) if options.workspace else HOME / "runs" / profile.name
    print("\n".join(report(profile, root, options.workers, devices.find("auto")[0])))
    return 0


def _basicsr_options(options: argparse.Namespace) -> int:
    from .. import profiles
    from ..training import basicsr_options as files

    network, profile = files.custom(options.network), profiles.get(options.profile)
    if bool(options.val_gt) != bool(options.val_lq):
        raise UserError("--val-gt and --val-lq go together: give both folders, or neither")
    train = (options.gt or files.GT, options.lq or files.LQ)
    validation = (options.val_gt, options.val_lq) if options.val_gt else None
    print(files.as_yaml(network, profile.training, train=train, validation=validation, master_seed=profile.master_seed), end="")
    return 0
