"""``published status | fetch | check`` of the command line. Heavy imports stay inside the commands."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from ..common.checkout import WEIGHTS, place
from ..common.errors import UserError
from ..published import ncnn
from ..published.catalogue import Row, rows
from ..published.weights_folder import WeightsFolder

ALL = "all"


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``published`` and what follows it among the commands of the command line."""
    published = commands.add_parser("published", help="weights of the 25 published networks")
    parts = published.add_subparsers(dest="part", required=True, metavar="COMMAND", parser_class=type(published))

    status = parts.add_parser("status", help="which weights are there, and how to get the others")
    status.set_defaults(command=_status)

    fetch = parts.add_parser("fetch", help="download weights, and say where those are that a person has to fetch")
    fetch.add_argument("networks", nargs="*", metavar="NAME", help="a family, a network, or network/variant (all 25)")
    fetch.set_defaults(command=_fetch)
    for part in (status, fetch):
        part.add_argument("--weights", type=place, default=WEIGHTS, metavar="W", help="folder of the weights (weights in the checkout)")

    check = parts.add_parser("check", help="run the networks on reference cases")
    check.add_argument("folder", type=place, metavar="FOLDER", help="folder of the cases")
    check.set_defaults(command=_check)


def chosen(names: list[str]) -> list[Row]:
    """The rows that names mean: a label one row; a network or a family their default variants; no name all networks."""
    found: list[Row] = []
    for name in names or [ALL]:
        exact = [row for row in rows() if name.lower() == row.label.lower()]
        meant = exact or [row for row in rows() if row.default and name.lower() in (row.model_id.lower(), row.family.lower(), ALL)]
        if not meant:
            families = ", ".join(dict.fromkeys(row.family for row in rows()))
            raise UserError(f"there is no published network '{name}': name a family ({families}), or a network as `published status` spells it")
        found += [row for row in meant if row not in found]
    return found


def _status(options: argparse.Namespace) -> int:
    folder, states = WeightsFolder(options.weights), Counter()
    for row in rows():
        state = folder.state(row)
        states[state] += row.default
        way = f"{'fetch' if row.download else 'by hand'}: {row.address_kind}"
        here = " (installed in half precision: ncnn)" if ncnn.files(row) else ""
        print(f"{state:14} {row.label:47} {way + here if state == 'missing' else folder.trouble(row) or row.path(folder.root)}")
    print(f"Of the 25 networks: {', '.join(f'{number} {state}' for state, number in states.items() if number)}.")
    print(f"`published fetch NAME` downloads, or says where to get the file and its licence. Folder: {folder.root}")
    return 1 if states["altered"] or states["unreadable"] else 0


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


def _check(options: argparse.Namespace) -> int:
    from ..published.reference_cases import check

    if not options.folder.is_dir():
        raise UserError(f"the folder '{options.folder}' does not exist: give the path of a folder with reference cases")
    table = check(options.folder)
    print(table.to_string(index=False))
    return 0 if len(table) and table["passed"].all() else 1
