"""The questions put to classifiers: the networks that train and test each, and its classes (paper, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from . import fleet
from .common.errors import UserError
from .fleet import Network

HYPERPARAMETERS = ("scale", "loss", "architecture", "dataset")
CLASSES = {
    "scale": tuple(str(s) for s in fleet.SCALES),
    "loss": fleet.LOSSES,
    "architecture": fleet.ARCHITECTURES,
    "dataset": fleet.DATASETS,
}

# The columns of Table 4: the hyperparameter and the value that are withheld, and what is parsed without it.
COLUMNS = {
    "s3": ("seed", 3, ("scale", "loss", "architecture")),
    "flickr2k": ("dataset", "flickr2k", ("scale", "loss", "architecture")),
    "SwinIR": ("architecture", "SwinIR", ("scale", "loss", "dataset")),
    "RCAN": ("architecture", "RCAN", ("scale", "loss", "dataset")),
    "VGG_GAN": ("loss", "VGG_GAN", ("scale", "architecture", "dataset")),
    "L1": ("loss", "L1", ("scale", "architecture", "dataset")),
}

# The controls of attribution: one sees nothing but the mean colour of an image, all others change a field of `Classification`.
COLOUR_ALONE = "colour-alone"
CONTROLS: dict[str, dict[str, int]] = {
    "known-offset": {"known_offset": True}, "matched": {"matched": True},
    **{f"bits-{n}": {"bits": n} for n in (5, 6, 7)}, **{f"photographs-{n}": {"percent": n} for n in range(1, 100)},
}  # fmt: skip

# What is parsed of published networks (Figure 7), by parsers that were trained on the whole custom fleet.
PARSED_OF_PUBLISHED = ("scale", "loss", "architecture")


@dataclass(frozen=True)
class Classification:
    """One training of a classifier, or one evaluation of a saved one; a head for each of the tasks.

    ``start`` is a saved classifier whose body is taken over, ``keep`` where to save this one, ``outputs`` a folder of predictions
    a task. With ``only_evaluate`` the saved classifier sees the published networks without any training. With a ``known_offset``
    all crops begin at one place of the sub-pixel grid (D17). ``matched`` shifts the channel means of every crop to those of the
    true image (D50), ``bits`` below 8 rounds images to fewer grey levels.
    """

    tasks: tuple[str, ...]
    run: int
    backbone: str
    steps: int
    outputs: tuple[str, ...]
    keep: str = ""
    start: str = ""
    only_evaluate: bool = False
    known_offset: bool = False
    matched: bool = False
    bits: int = 8
    percent: int = 100  # of the training photographs
    probe: int = 0  # images of each network for a linear probe beside the head; 0: none


@dataclass(frozen=True)
class Task:
    """One question to a classifier: trained on the images of ``train``, tested on those of ``test`` (unseen photos)."""

    name: str
    asks: str  # "model_id" or one of HYPERPARAMETERS
    classes: tuple[str, ...]
    train: tuple[Network, ...]
    test: tuple[Network, ...]

    def label(self, network: Network) -> str:
        """The right answer for a network."""
        return str(getattr(network, self.asks))


def control(name: str) -> dict[str, int]:
    """The fields of `Classification` that a control changes. Raises UserError for an unknown control.

    >>> control("bits-7")
    {'bits': 7}
    """
    if name not in CONTROLS:
        known = f"known-offset, matched, {COLOUR_ALONE}, bits-5 to bits-7, and photographs-1 to photographs-99"
        raise UserError(f"classifier.controls has '{name}': choose among {known}")
    return CONTROLS[name]


def attribution(networks: tuple[Network, ...] | None = None, name: str = "attribution") -> Task:
    """Which of the networks made the image? By default the 180 custom networks (section 4.1.1).

    >>> len(attribution().classes)
    180
    """
    networks = fleet.custom() if networks is None else networks
    return Task(name, "model_id", tuple(n.model_id for n in networks), networks, networks)


def parser(asks: str, column: str) -> Task:
    """One of the 18 cells of Table 4: networks with the withheld value are the test, all others the training.

    The training-set parsers leave out seeds 2 and 3 in both (the paper's footnote, D11): they exist for DIV2K only.

    >>> task = parser("dataset", "SwinIR")
    >>> len(task.train), len(task.test)
    (96, 24)
    """
    hyperparameter, value, _ = COLUMNS[column]
    pool = tuple(n for n in fleet.custom() if asks != "dataset" or n.seed == 1)
    train = tuple(n for n in pool if getattr(n, hyperparameter) != value)
    test = tuple(n for n in pool if getattr(n, hyperparameter) == value)
    return Task(f"parse-{asks}-without-{column}", asks, CLASSES[asks], train, test)


def named(name: str, published: tuple[Network, ...]) -> Task:
    """A task by its name, with these published networks, which parsers of the whole custom fleet are tested on (section 4.2.1).

    >>> task = named("parse-loss-of-published", fleet.published())
    >>> len(task.train), len(task.test), len(named("parse-scale-without-SwinIR", ()).classes)
    (180, 25, 2)
    """
    if name in ("attribution", "everything"):
        return attribution(fleet.custom() + (published if name == "everything" else ()), name)
    if name.startswith("published"):
        return attribution(published, name)
    asks, _, how = name.removeprefix("parse-").partition("-")
    if how == "of-published":
        return Task(name, asks, CLASSES[asks], fleet.custom(), published)
    return parser(asks, how.removeprefix("without-"))


def parsers() -> tuple[Task, ...]:
    """The 18 parsers of Table 4, row by row.

    >>> len(parsers())
    18
    """
    return tuple(parser(a, c) for a in HYPERPARAMETERS for c, (_, _, asked) in COLUMNS.items() if a in asked)


def seed_triplets() -> tuple[tuple[Network, ...], ...]:
    """The 30 groups of three custom networks that differ by their training seed alone (Figure 4).

    >>> len(seed_triplets())
    30
    """
    groups: dict[tuple[str, int, str], list[Network]] = {}
    for network in fleet.custom():
        if network.dataset == "div2k":
            groups.setdefault((network.architecture, network.scale, network.loss), []).append(network)
    return tuple(tuple(group) for group in groups.values())
