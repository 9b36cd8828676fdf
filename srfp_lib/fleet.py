"""The 205 networks of the study, spelled as the authors' folders (paper, section 3.1; discrepancies D37, D47).

A model_id reads ``architecture-dataset-xSCALE-loss-seed`` and ends in ``-pretrained`` for published networks.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Literal

from . import paper
from .common.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

ARCHITECTURES = ("EDSR", "RDN", "RCAN", "SwinIR", "NLSN")
DATASETS = ("div2k", "flickr2k", "quarter_div2k", "quarter_flickr2k")
SCALES = (2, 4)
LOSSES = ("L1", "VGG_GAN", "ResNet_GAN")
SEEDS = (1, 2, 3)
HR = "HR-HR-HR-HR-HR"  # the folder of the true images, named as if a network had made them
WAY = "~"  # "NAME~truncated": the network NAME by its images in the folder "truncated" of a workspace

_PATTERN = re.compile(r"(?P<a>[^-]+)-(?P<d>[^-]+)-x(?P<s>\d+)-(?P<l>[^-]+)-(?P<r>s\d+|NA)(?P<p>-pretrained)?")


@dataclass(frozen=True)
class Network:
    """One super-resolution network. ``seed`` is None for published networks, ``dataset`` may be ``"NA"``."""

    model_id: str
    architecture: str
    dataset: str
    scale: int
    loss: str
    seed: int | None
    origin: Literal["custom", "published"]

    @property
    def adversarial(self) -> bool:
        """Whether a discriminator took part in the training (every loss but L1)."""
        return self.loss != "L1"


def parse(model_id: str) -> Network:
    """Read a model_id.

    >>> parse("EDSR-quarter_div2k-x4-VGG_GAN-s1").scale
    4
    >>> parse("SRFBN-NA-x2-L1-NA-pretrained").origin
    'published'
    """
    found = _PATTERN.fullmatch(model_id)
    if not found:
        raise UserError(
            f"'{model_id}' is no network name: write architecture-dataset-xSCALE-loss-seed, "
            "as in EDSR-div2k-x4-L1-s1, with -pretrained at the end for a published network"
        )
    seed = None if found["r"] == "NA" else int(found["r"][1:])
    origin: Literal["custom", "published"] = "published" if found["p"] else "custom"
    return Network(model_id, found["a"], found["d"], int(found["s"]), found["l"], seed, origin)


def short(model_id: str) -> str:
    """A published network's name for tables and axes.

    >>> short("proSR-div2k-x4-ProSRGAN-NA-pretrained")
    'proSR 4X adv.'
    """
    network = parse(model_id)
    return f"{network.architecture} {network.scale}X {'adv.' if network.adversarial else 'L1'}"


@cache
def custom() -> tuple[Network, ...]:
    """The 180 custom networks: every combination of factors with seed 1 or the full DIV2K set.

    >>> len(custom()), custom()[0].model_id
    (180, 'EDSR-div2k-x2-L1-s1')
    """
    grid = product(ARCHITECTURES, SCALES, LOSSES, DATASETS, SEEDS)
    return tuple(Network(f"{a}-{d}-x{s}-{loss}-s{seed}", a, d, s, loss, seed, "custom") for a, s, loss, d, seed in grid if seed == 1 or d == "div2k")


@cache
def published() -> tuple[Network, ...]:
    """The 25 published networks of Table 1, in its order."""
    return tuple(parse(model_id) for model_id in paper.table("table_1")["model_id"])


def stack(architecture: str, scale: int) -> tuple[Network, ...]:
    """The 18 custom networks of one architecture and scale: the unit that is trained together.

    >>> len(stack("RDN", 4))
    18
    """
    return tuple(n for n in custom() if n.architecture == architecture and n.scale == scale)


def frame(networks: tuple[Network, ...]) -> pd.DataFrame:
    """One row a network, columns as the fields of `Network`, plus ``adversarial``."""
    import pandas as pd

    table = pd.DataFrame([asdict(n) | {"adversarial": n.adversarial} for n in networks])
    return table.astype({"seed": "Int64"}) if len(table) else table


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by scale, loss and architecture, those of them that are columns, each in the order of this module.

    >>> import pandas as pd
    >>> in_order(pd.DataFrame({"scale": [4, 2, 2], "loss": ["L1", "ResNet_GAN", "VGG_GAN"]}))["loss"].tolist()
    ['VGG_GAN', 'ResNet_GAN', 'L1']
    """
    orders: dict[str, tuple[object, ...]] = {"scale": SCALES, "loss": LOSSES, "loss_name": LOSSES, "architecture": ARCHITECTURES}
    columns = [name for name in orders if name in rows]
    return rows.sort_values(columns, key=lambda c: c.map({v: i for i, v in enumerate(orders[str(c.name)])}), kind="stable", ignore_index=True)
