"""``published status | fetch | add | check`` of the command line. Heavy imports stay inside the commands."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from ..common.checkout import WEIGHTS, place
from ..common.errors import UserError
from ..published import packages
from ..published.catalogue import ENGINES, Row, added, rows
from ..published.weights_folder import WeightsFolder

ALL = "all"


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``published`` and what follows it among the commands of the command line."""
    published = commands.add_parser("published", help="published networks and their weights")
    parts = published.add_subparsers(dest="part", required=True, metavar="COMMAND", parser_class=type(published))

    status = parts.add_parser("status", help="which weights are there, and how to get the others")
    status.set_defaults(command=_status)

    fetch = parts.add_parser("fetch", help="download weights, and say where those are that a person has to fetch")
    fetch.add_argument("networks", nargs="*", metavar="NAME", help="a family, a network, or network/variant (all "
                       "of the paper's whose licences allow commercial use)")  # fmt: skip
    fetch.set_defaults(command=_fetch)
    add = parts.add_parser("add", help="recognise, test and add a network from a weight file or an ncnn pair")
    add.add_argument("file", type=place, metavar="FILE", help=".pth, .safetensors, ..., or the .param or .bin of an ncnn pair")
    add.add_argument("--name", default="", help="of its architecture (the file's name)")
    add.add_argument("--loss", default="", choices=["L1", "GAN"], help="how it was trained (found out from its PSNR)")
    add.add_argument("--scale", type=int, default=0, choices=[2, 4], help="(found out)")
    add.add_argument("--licence", default="", metavar="TEXT", help="of the weights; one that forbids commercial use keeps it off")
    add.set_defaults(command=_add)
    for part in (status, fetch, add):
        part.add_argument("--weights", type=place, default=WEIGHTS, metavar="W", help="folder of the weights (weights in the checkout)")

    check = parts.add_parser("check", help="run the networks on reference cases")
    check.add_argument("folder", type=place, metavar="FOLDER", help="folder of the cases")
    check.set_defaults(command=_check)


def chosen(names: list[str]) -> list[Row]:
    """The rows that names mean: a label one row; a network or a family their default variants; no name all that nothing speaks against."""
    found: list[Row] = []
    weights = [row for row in rows() if row.module not in ENGINES]
    for name in names or [ALL]:
        exact = [row for row in weights if name.lower() == row.label.lower()]
        meant = exact or [row for row in weights if row.default and name.lower() in (row.model_id.lower(), row.family.lower())]
        meant = meant or [row for row in weights if row.default and not row.off_because and name == ALL]
        if carried := next((row for row in rows() if row.module in ENGINES and name.lower() in (row.model_id.lower(), row.family.lower())), None):
            raise UserError(f"{carried.model_id} is not fetched: {carried.advice(WEIGHTS)}")
        if not meant:
            families = ", ".join(dict.fromkeys(row.family for row in weights))
            raise UserError(f"there is no published network '{name}': name a family ({families}), or a network as `published status` spells it")
        found += [row for row in meant if row not in found]
    return found


def _status(options: argparse.Namespace) -> int:
    folder, states = WeightsFolder(options.weights), Counter()
    for row in (*rows(), *added(folder.root)):
        state = _state(row, folder)
        states[state] += row.default
        print(f"{state:14} {row.label:47} {_where(row, state, folder)}{f' (off: {row.off_because})' if row.off_because else ''}")
    print(f"Of the {states.total()} networks: {', '.join(f'{number} {state}' for state, number in states.items() if number)}.")
    print(f"`published fetch NAME` downloads, or says where to get the file and its licence; `published add FILE` adds one. Folder: {folder.root}")
    return 1 if states["altered"] or states["unreadable"] else 0


def _state(row: Row, folder: WeightsFolder) -> str:
    state = folder.state(row)
    return "installed" if state == "missing" and packages.files(row) else state


def _where(row: Row, state: str, folder: WeightsFolder) -> str:
    """Where a network's weights are, or how to get them."""
    if state == "installed":
        return f"in the package {row.package}"
    if state != "missing":
        return str(folder.trouble(row) or row.path(folder.root))
    if row.module in ENGINES:
        return f"pip: {row.package}" if row.package else "gone: add it again"
    return f"{'fetch' if row.download else 'by hand'}: {row.address_kind}"


def _fetch(options: argparse.Namespace) -> int:
    folder, failed, by_hand = WeightsFolder(options.weights), 0, 0
    wanted = chosen(options.networks)
    with folder.held():
        for row in wanted:
            if not row.download and folder.state(row) == "missing":
                by_hand += 1
                others = [r.label for r in rows() if r.model_id == row.model_id and r.download]
                print(f"by hand: {row.label}: {row.advice(folder.root)}{''.join(f'; or fetch {other}' for other in others)}")
                continue
            try:
                print(f"{folder.fetch(row)}: {row.path(folder.root)} (licence of the weights: {row.licence_weights})")
            except UserError as error:
                failed += 1
                print(f"srfp_lib: {error}", file=sys.stderr)
    print(f"{len(wanted) - failed - by_hand} there, {by_hand} to be fetched by hand, {failed} failed.")
    return 1 if failed else 0


def _add(options: argparse.Namespace) -> int:
    from ..published.adding import Wish, add

    with WeightsFolder(options.weights).held():
        row, proof = add(options.file, Wish(options.name, options.loss, options.scale, options.licence), options.weights)
    guessed = "" if options.loss else f" (from its PSNR; --loss {'GAN' if proof.pixel_loss else 'L1'} if that is wrong)"
    loss = row.model_id.split("-")[3]
    found = f"run by {row.module}, {row.scale}X, loss {loss}{guessed}, input {row.value_range} {row.channels}"
    print(f"added: {row.model_id}, {found}")
    print(f"tested: {proof.psnr:.2f} dB on the known tile, bicubic {proof.bicubic:.2f}; licence of the weights: {row.licence_weights}")
    if row.off_because:
        print(f'off: {row.off_because}; a profile has it with published.include = ["{row.model_id}"]')
    return 0


def _check(options: argparse.Namespace) -> int:
    from ..published.reference_cases import check

    if not options.folder.is_dir():
        raise UserError(f"the folder '{options.folder}' does not exist: give the path of a folder with reference cases")
    table = check(options.folder)
    print(table.to_string(index=False))
    return 0 if len(table) and table["passed"].all() else 1
