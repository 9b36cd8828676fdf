"""``images``: the images of a workspace as PNG files. Heavy imports stay inside the command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.checkout import place
from ..common.errors import UserError

if TYPE_CHECKING:
    from ..study import Study


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``images`` among the commands of the command line."""
    images = commands.add_parser("images", help="write the images as PNG files, in the layout of the authors' release")
    images.add_argument("--workspace", default="", metavar="W", help="folder of the run (runs/demo)")
    images.add_argument("--into", type=place, metavar="FOLDER", help="a new folder outside the workspace (beside it, W-images)")
    images.set_defaults(command=_images)


def _images(options: argparse.Namespace) -> int:
    from ..images import export
    from ..images.store import Images
    from ..study import Study

    study = Study.open("", options.workspace, there=True)
    root: Path = study.workspace.root
    folder: Path = options.into or root.with_name(f"{root.name}-images")
    if folder.resolve().is_relative_to(root.resolve()):
        raise UserError(f"'{folder}' lies in the workspace, whose folders belong to its jobs: name one outside it with --into")
    networks, lacking = made(study)
    images = Images(root / "images", root / "decoded", list(study.photographs("images")["image"]))
    export.write(images, networks, sorted((root / "images").glob("*-split.txt")), folder)
    print(f"{len(images.names)} images of each of {len(networks) - 1} networks and the true ones are in {folder}")
    if lacking:
        print(f"{lacking} networks have none in this workspace yet")
    return 0


def made(study: Study) -> tuple[list[str], int]:
    """The true images and the networks whose images are done, and how many networks have none. Raises UserError if all have none."""
    from .. import fleet
    from ..published import sources
    from ..stages.units import saved

    states, owners = study.states(), {output: name for name, job in study.jobs.items() for output in job.outputs}
    networks = [n.model_id for n in (*fleet.custom(), *sources.networks(study.profile.published))]
    done = [name for name in (fleet.HR, *networks) if states.get(owners.get(saved(study.profile, name)[0], "")) == "done"]
    if len(done) < 2 or done[0] != fleet.HR:
        raise UserError(f"'{study.workspace.root}' holds no finished images: make them with python -m srfp_lib run")
    return done, len(networks) - len(done) + 1
