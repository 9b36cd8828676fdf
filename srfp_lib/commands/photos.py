"""The commands ``photos flickr | fetch | status``; heavy imports stay inside them."""

from __future__ import annotations

import argparse
import sys

from ..common.checkout import PHOTOS, place
from ..common.errors import UserError


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register `photos` with its three commands."""
    photos = commands.add_parser("photos", help="get photographs: Flickr1K from scratch, or an open set")
    kinds = photos.add_subparsers(dest="kind", required=True, metavar="COMMAND")

    flickr = kinds.add_parser("flickr", help="build Flickr1K with your API key, or rebuild a listed set without one")
    flickr.add_argument("folder", type=place, nargs="?", default=PHOTOS / "flickr1k",
                        help="where the set goes (runs/photos/flickr1k in the checkout); the same command resumes it")  # fmt: skip
    flickr.add_argument("--list", type=place, metavar="CSV", help="rebuild this list, the photographs.csv of a set")
    flickr.add_argument("--per-tag", type=int, default=200, metavar="N", help="photographs per tag, of five tags (200)")
    flickr.add_argument("--per-owner", type=int, default=2, metavar="N", help="at most N photographs per owner (2)")
    flickr.add_argument("--licences", default="", metavar="by,zero", help="allowed licences (by, by-sa, by-nc, by-nc-sa, zero, mark, usgov)")
    flickr.add_argument("--interval", type=float, default=1.1, metavar="S", help="seconds between requests (1.1; Flickr allows 3600 an hour)")
    flickr.add_argument("--api", default="", help=argparse.SUPPRESS)
    flickr.set_defaults(command=_flickr)

    fetch = kinds.add_parser("fetch", help="fetch an open set by name; without a name, list them")
    fetch.add_argument("name", nargs="?", default="", help="div2k, flickr2k, kodak, ...")
    fetch.add_argument("folder", type=place, nargs="?", help="where the set goes (runs/photos/NAME in the checkout)")
    fetch.set_defaults(command=_fetch)

    status = kinds.add_parser("status", help="what a set's folder holds and lacks")
    status.add_argument("folder", type=place)
    status.set_defaults(command=_status)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _flickr(options: argparse.Namespace) -> int:
    from ..photos import flickr

    if options.interval < 0:
        raise UserError(f"--interval is {options.interval:g}: give 0 or more seconds")
    folder, key = options.folder, "" if options.list else flickr.key_from_environment()
    client = flickr.Flickr(key, address=options.api or flickr.ADDRESS, interval=options.interval)
    if options.list:
        report = flickr.rebuild(options.list, folder, client, say=_say)
        print(report["outcome"].value_counts().to_string(header=False))
        return int(not report["outcome"].str.startswith("there").all())
    licences = tuple(options.licences.split(",")) if options.licences else flickr.LICENCES
    rows = flickr.build(folder, client, flickr.Plan(per_tag=options.per_tag, per_owner=options.per_owner, licences=licences), say=_say)
    print(f"{len(rows)} photographs of {len({row.owner for row in rows})} owners are in {folder}; photographs.csv rebuilds them")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    from ..photos import open_sets

    if not options.name:
        for row in open_sets.sets():
            print(f"{row['set']:<16}{row['images']:>5} images, {row['size']}; {row['licence']}\n{'':16}{row['note']}\n{'':16}{row['source']}")
        return 0
    folder = options.folder or PHOTOS / options.name
    found = open_sets.fetch(options.name, folder, say=_say)
    print(f'{len(found)} images are in {folder}; use them with photos = "{folder}" in a .toml profile. Licences: {folder / open_sets.LIST}')
    return 0


def _status(options: argparse.Namespace) -> int:
    from ..photos import flickr, open_sets

    folder = options.folder
    print(open_sets.progress(folder) if (folder / open_sets.RECEIPT).exists() else flickr.report(folder))
    return 0
