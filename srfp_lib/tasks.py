"""What each classifier is asked: which networks it is trained on, which it is tested on, and the classes (section 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import fleet
from .common.errors import UserError
from .fleet import Network
from .profiles import Published

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


# The control that sees nothing but the mean colour of an image; all others change a `Classification`.
COLOUR_ALONE = "colour-alone"

# What is parsed of published networks (Figure 7), by parsers that were trained on the whole custom fleet.
PARSED_OF_PUBLISHED = ("scale", "loss", "architecture")


@dataclass(frozen=True)
class Classification:
    """One training of a classifier, or with ``steps`` and a start alone one showing: the tasks, a head each, and the files.

    ``start`` is a kept classifier whose body is taken over, ``keep`` where to keep this one, ``outputs`` a folder of
    predictions a task. ``show`` "published" shows another set of images to a kept classifier without any training. Controls
    change one thing: ``matched`` moves every crop's channel means to those of the true image (D50), ``bits`` rounds the
    images more coarsely, ``percent`` of the training photographs are used.
    """

    tasks: tuple[str, ...]
    run: int
    backbone: str
    steps: int
    grid: int
    outputs: tuple[str, ...]
    keep: str = ""
    start: str = ""
    show: str = ""
    matched: bool = False
    bits: int = 8
    percent: int = 100

    @property
    def written(self) -> tuple[str, ...]:
        """Every file and folder that it leaves behind."""
        return self.outputs + ((self.keep,) if self.keep else ())


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

    @property
    def chance(self) -> float:
        """The accuracy of guessing evenly among the classes."""
        return 1 / len(self.classes)


def control(name: str) -> dict[str, int | bool]:
    """What a control of the attribution classifier changes of its `Classification`.

    >>> control("free-crops"), control("matched"), control("bits-7"), control("photographs-50")
    ({'grid': 1}, {'matched': True}, {'bits': 7}, {'percent': 50})
    """
    kind, _, number = name.partition("-")
    if name in ("free-crops", "matched"):
        return {"grid": 1} if kind == "free" else {"matched": True}
    if kind == "bits" and number in ("5", "6", "7"):
        return {"bits": int(number)}
    if kind == "photographs" and number.isdigit() and 0 < int(number) < 100:
        return {"percent": int(number)}
    raise UserError(
        f"classifier.controls has '{name}': choose among free-crops, matched, {COLOUR_ALONE}, bits-5 to bits-7, and photographs-1 to photographs-99"
    )


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


def parser_of_published(asks: str, networks: tuple[Network, ...]) -> Task:
    """A parser trained on the whole custom fleet and shown published networks (section 4.2.1).

    >>> task = parser_of_published("loss", fleet.published())
    >>> len(task.train), len(task.test)
    (180, 25)
    """
    return Task(f"parse-{asks}-of-published", asks, CLASSES[asks], fleet.custom(), networks)


def named(name: str, settings: Published) -> Task:
    """A task by its name, in a run with the published networks of such settings."""
    from .published import sources

    published = sources.networks(settings)
    if name == "attribution":
        return attribution()
    if name == "everything":
        return attribution(fleet.custom() + published, name)
    if name == "published":
        return attribution(published, name)
    if name == "published-writer":
        both = [n for n in published if n.model_id in sources.TRUNCATING]
        again = [replace(n, model_id=f"{n.model_id}{fleet.WAY}{way}") for n in both for way in sources.ways(settings, n.model_id) if way]
        return attribution((*both, *again), name)
    asks, _, how = name.removeprefix("parse-").partition("-")
    return parser_of_published(asks, published) if how == "of-published" else parser(asks, how.removeprefix("without-"))


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
