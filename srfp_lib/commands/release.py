"""``release``: a workspace from the authors' released images. Heavy imports stay inside the command."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ..common.checkout import place
from ..common.errors import UserError

if TYPE_CHECKING:
    from ..profiles import Profile
    from ..release.contents import Found

LARGEST_PRNU = 299  # the paper's crop (D28)


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``release`` among the commands of the command line."""
    release = commands.add_parser("release", help="make a workspace from the images that the authors released")
    release.add_argument("folder", type=place, metavar="FOLDER", help="where their archives were unpacked; some networks are enough")
    release.add_argument("--workspace", type=place, required=True, metavar="W", help="folder of the run; the same command takes over what was added")
    release.add_argument("--profile", default="", metavar="P", help="how classifiers are trained: paper, lab, demo, smoke or a .toml file (paper)")
    release.add_argument("--splits", default="theirs", choices=("theirs", "ours"), help="the authors' split of the photographs, or one dealt anew")
    release.add_argument("--copy", action="store_true", help="copy the images into the workspace; otherwise they are used where they lie")
    release.set_defaults(command=_release)


def _release(options: argparse.Namespace) -> int:
    from .. import profiles
    from ..pages import chapters
    from ..release.contents import check_images, listing
    from ..study import Study
    from ..workflow.run import make
    from ..workflow.workspace import Workspace

    print("Looking at every folder and image ...", file=sys.stderr, flush=True)
    found = listing(options.folder)
    smallest = check_images(found)
    root = options.workspace
    again = not options.profile and (root / "profile.json").exists()
    base = Workspace.existing(root).profile if again else profiles.get(options.profile or "paper")
    study = Study.open(adapted(base, found, smallest, splits=options.splits, copy=options.copy), root)
    for line in [*found.report(), *chapters.support(study.everything)]:
        print(line)
    names = [job.name for job in study.jobs.values() if job.work.startswith("srfp_lib.release.stages:")]
    make(study.workspace, study.jobs, study.keys, names)
    print(f"Go on with: python -m srfp_lib run --workspace {shlex.quote(str(root))}")
    return 0


def adapted(profile: Profile, found: Found, smallest: int, *, splits: str, copy: bool) -> Profile:
    """A profile for the release: photographs whole and of different sizes; only one split if it is the authors'."""
    from ..profiles import Release

    crop = profile.prnu.crop or min(LARGEST_PRNU, smallest)
    if smallest < (side := max(*map(profile.classifier.side, profile.classifier.backbones), crop)):
        raise UserError(
            f"an image of the release has a side of {smallest} pixels, and profile '{profile.name}' looks at crops of {side}: "
            "set classifier.crop and prnu.crop lower in a .toml file, and name that as --profile"
        )
    photographs = replace(profile.photographs, source="release", image_size=None, max_images=len(found.parts), dead_leaves=0, png=True,
                          rotations=1 if splits == "theirs" else profile.photographs.rotations)  # fmt: skip
    release = Release(str(found.root), splits, copy, found.networks, found.content)
    published, prnu = replace(profile.published, source="release"), replace(profile.prnu, crop=crop)
    return replace(profile, prnu=prnu, photographs=photographs, published=published, release=release)
