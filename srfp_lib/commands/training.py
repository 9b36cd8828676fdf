"""The command ``basicsr-options``."""

from __future__ import annotations

import argparse

from ..common.errors import UserError


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register the command."""
    parser = commands.add_parser("basicsr-options", help="the option file with which BasicSR's own trainer trains a custom network")
    parser.add_argument("network", metavar="MODEL_ID", help="for example EDSR-div2k-x4-L1-s1")
    parser.add_argument("--profile", default="paper", metavar="P", help="profile with the training settings (paper)")
    parser.add_argument("--gt", default="", metavar="FOLDER", help="HR images to train on")
    parser.add_argument("--lq", default="", metavar="FOLDER", help="their LR images")
    parser.add_argument("--val-gt", default="", metavar="FOLDER", help="HR images to measure PSNR on while training (none)")
    parser.add_argument("--val-lq", default="", metavar="FOLDER", help="their LR images")
    parser.set_defaults(command=_options)


def _options(options: argparse.Namespace) -> int:
    from .. import profiles
    from ..training import basicsr_options as files

    network, profile = files.custom(options.network), profiles.get(options.profile)
    if bool(options.val_gt) != bool(options.val_lq):
        raise UserError("--val-gt and --val-lq go together: give both folders, or neither")
    train = (options.gt or files.GT, options.lq or files.LQ)
    validation = (options.val_gt, options.val_lq) if options.val_gt else None
    print(files.as_yaml(network, profile.training, train=train, validation=validation, master_seed=profile.master_seed), end="")
    return 0
