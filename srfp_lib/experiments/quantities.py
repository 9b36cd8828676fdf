"""Which number tests each of the paper's claims? `QUANTITIES` has one per claim id, of a run's results or of the paper's own.

The wording of the claims is in `data/paper/claims.csv`, that of the quantities in `data/paper/verdict_rules.csv`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from .. import fleet, tasks
from .attribution import loss_effect, scale_effect
from .results import ADVERSARIAL, Results, Unanswered, members
from .separability import jackknife
from .uncertainty import NAN, Accuracy, Estimate, highest, lowest, mean

ORDER = ("2X, L1", "4X, L1", "4X, adversarial")  # groups of published networks, from hard to easy
PRINTED_ORDER = ("2X, all", *ORDER[1:])  # the paper's accuracies are over all eight 2X networks (D2)


def steps(*groups: Accuracy) -> list[Accuracy]:
    """The differences between neighbours in an order."""
    return [after - before for before, after in pairwise(groups)]


# The custom fleet


def loss_beyond_scale(r: Results) -> Estimate:
    loss, scale = loss_effect(r.custom), scale_effect(r.custom)
    return lowest(loss - scale, replace(loss, table=loss.table + scale.table))


def loss_beyond_architecture(r: Results) -> Accuracy:
    groups = sorted((r.custom(architecture=a) for a in fleet.ARCHITECTURES), key=lambda g: g.estimate().value)
    return loss_effect(r.custom) - (groups[-1] - groups[0])


def swinir_beyond_others(r: Results) -> Estimate:
    return lowest(*(r.custom(architecture="SwinIR") - r.custom(architecture=a) for a in fleet.ARCHITECTURES if a != "SwinIR"))


def quarter_sets_minus_full(r: Results) -> Accuracy:
    quarter, full = (mean(*(r.custom(dataset=part + d) for d in ("div2k", "flickr2k"))) for part in ("quarter_", ""))
    return quarter - full


def others_minus_hard_nlsn(r: Results) -> Accuracy:
    return r.triplets("CNN", loss="L1", scale=4) - r.triplets("CNN", loss="L1", scale=4, architecture="NLSN")


def beyond_chance(r: Results, asks: str) -> Accuracy:
    """A row mean of Table 4, from chance (0) to always right (1), without the column L1, where all parsers are to be at chance."""
    chance = 1 / len(tasks.CLASSES[asks])
    columns = [column for column, (_, _, asked) in tasks.COLUMNS.items() if asks in asked and column != "L1"]
    row = mean(*(r.parser(asks, without=column) for column in columns))
    return Accuracy((row.table - chance) / (1 - chance), (-chance / (1 - chance), 1.0))


def swinir_psnr_difference(r: Results, scale: int) -> Accuracy:
    """PSNR of SwinIR trained with L1, custom networks minus the published one."""
    custom, published = (r.psnr(architecture="SwinIR", loss="L1", scale=scale, origin=origin) for origin in ("custom", "published"))
    return custom - published


# The four backbones and the published networks


def convnext_beyond_others(r: Results) -> Estimate:
    return lowest(*(r.backbone("ConvNeXt-B") - r.backbone(other) for other in ("XceptionNet", "EfficientNet-B2", "ResNet-50")))


def runners_up_minus_convnext(r: Results) -> Estimate:
    return lowest(*(r.backbone(other) - r.backbone("ConvNeXt-B") for other in ("XceptionNet", "EfficientNet-B2")))


def others_minus_resnet(r: Results) -> Estimate:
    return lowest(*(r.backbone(other) - r.backbone("ResNet-50") for other in ("ConvNeXt-B", "XceptionNet", "EfficientNet-B2")))


def share_of_higher_ratios(r: Results) -> Estimate:
    seen, unseen = r.seen_ratios, r.unseen_ratios
    a, b = np.triu_indices(len(seen.networks), 1)
    value = float((unseen.matrix > seen.matrix)[a, b].mean())
    left_out = (unseen.left_out > seen.left_out)[:, a, b].mean(1)
    low, high = jackknife(value, left_out) if unseen.enough else (NAN, NAN)
    return Estimate(value, NAN, low, high, unseen.n_photographs, unseen.n_runs)


def mean_ratio(r: Results, group: str = "") -> Estimate:
    """The mean ratio of squares, unseen, over the pairs in a group or all pairs."""
    ratios = r.unseen_ratios
    return ratios.estimate(ratios.among(members(ratios.networks, group) if group else ratios.networks))


def l1_ratios_beyond_adversarial(r: Results) -> Estimate:
    ratios = r.unseen_ratios
    two, four, adversarial = (ratios.among(members(ratios.networks, group)) for group in ORDER)
    return lowest(ratios.estimate(lambda m: two(m) - adversarial(m)), ratios.estimate(lambda m: four(m) - adversarial(m)))


def exceptions_beyond_adversarial(r: Results) -> Estimate:
    ratios = r.unseen_ratios
    real, prosr = (ratios.row(network(ratios.networks, *which)) for which in (("Real_ESRGAN", 2, ""), ("proSR", 4, "L1")))
    rows = [ratios.row(n) for n in members(ratios.networks, "4X, adversarial")]
    beyond = (lambda m, one=one: one(m) - np.mean([row(m) for row in rows], axis=0) for one in (real, prosr))
    return highest(*map(ratios.estimate, beyond))


def network(model_ids: Iterable[str], architecture: str, scale: int, loss: str) -> str:
    """The paper's network with an architecture and scale, and a loss if there are several."""
    for one in (n for n in map(fleet.parse, model_ids) if n in fleet.published()):
        if (one.architecture, one.scale) == (architecture, scale) and loss in ("", one.loss):
            return one.model_id
    raise Unanswered(f"{architecture} at {scale}X is not among the published networks of this run")


def parsed(r: Results, asks: str, **selection: bool) -> Accuracy:
    """The accuracy of a parser on published networks, all or the (not) adversarial or known."""
    answers = r.need("parsed")
    some = answers[answers["asks"] == asks]
    for name, value in selection.items():
        some = some[some[name] == value]
    if some.empty:
        known = "no published network of this run has an architecture of the fleet"
        raise Unanswered(known if asks == "architecture" else "this run has no such published networks")
    return Accuracy.of(some)


def called_4x(r: Results, **which: str) -> list[Accuracy]:
    """How often the scale parser answers 4X, for each of several 4X networks: architecture and loss, "" for any."""
    answers = r.need("parsed").query("asks == 'scale'")
    answers = answers.assign(correct=answers["predicted"] == "4")
    return [Accuracy.of(answers[answers["model_id"] == network(answers["model_id"].unique(), name, 4, loss)]) for name, loss in which.items()]


Quantity = Callable[[Results], Accuracy | Estimate]

QUANTITIES: dict[str, Quantity] = {
    # Four backbones on all 205 networks
    "C01": lambda r: r.backbone("ConvNeXt-B"),
    "C02": convnext_beyond_others,
    "C03": runners_up_minus_convnext,
    "C04": others_minus_resnet,
    # Attribution of the custom networks
    "C05": lambda r: r.custom(),
    "C06": lambda r: scale_effect(r.custom),
    "C07": lambda r: loss_effect(r.custom),
    "C08": lambda r: lowest(*(r.custom(loss=loss) for loss in ADVERSARIAL)),
    "C09": lambda r: r.custom(loss="L1"),
    "C10": lambda r: r.custom(loss="ResNet_GAN") - r.custom(loss="VGG_GAN"),
    "C11": loss_beyond_scale,
    "C12": loss_beyond_architecture,
    "C13": swinir_beyond_others,
    "C14": quarter_sets_minus_full,
    "C15": lambda r: lowest(*steps(*(r.custom(scale=s, adversarial=a) for a in (False, True) for s in fleet.SCALES))),
    # Seed triplets
    "C16": lambda r: r.triplets("CNN"),
    "C17": lambda r: lowest(*(r.triplets("CNN", loss="L1", scale=s) for s in fleet.SCALES)),
    "C18": lambda r: lowest(*(r.triplets("CNN", loss=loss, scale=s) for loss in ADVERSARIAL for s in fleet.SCALES)),
    "C19": others_minus_hard_nlsn,
    "C20": lambda r: r.triplets("CNN") - r.triplets("PRNU"),
    "C21": lambda r: r.triplets("PRNU"),
    "C22": lambda r: r.triplets("PRNU", adversarial=False) - r.triplets("PRNU", adversarial=True),
    # Attribution of the published networks
    "C24": lambda r: r.among_published("all"),
    "C25": lambda r: r.among_published("all") - r.from_imagenet(),
    "C26": lambda r: lowest(*(r.among_published(group) - r.among_published("2X, all") for group in ORDER[1:])),
    "C27": lambda r: lowest(*steps(*(r.among_published(group) for group in PRINTED_ORDER))),
    "C28": lambda r: r.among_published("4X, adversarial"),
    # Separation of seen and unseen networks
    "C29": lambda r: lowest(*steps(*(r.neighbours("warm", group) for group in ORDER))),
    "C30": lambda r: lowest(*steps(*(r.neighbours("unseen", group) for group in ORDER))),
    "C31": share_of_higher_ratios,
    "C32": lambda r: mean_ratio(r, "4X, adversarial"),
    "C33": l1_ratios_beyond_adversarial,
    "C34": exceptions_beyond_adversarial,
    "C35": mean_ratio,
    # Parsers with a value withheld
    "C36": lambda r: lowest(*(r.parser("scale", without=value) for value in ("s3", "flickr2k", "SwinIR", "RCAN", "VGG_GAN"))),
    "C37": lambda r: r.parser("scale", without="L1"),
    "C38": lambda r: lowest(r.parser("loss", without="s3"), r.parser("loss", without="flickr2k")),
    "C39": lambda r: lowest(r.parser("loss", without="SwinIR"), r.parser("loss", without="RCAN")),
    "C40": lambda r: lowest(r.parser("architecture", without="s3"), r.parser("architecture", without="flickr2k")),
    "C41": lambda r: r.parser("architecture", without="s3") - r.parser("architecture", without="VGG_GAN"),
    "C42": lambda r: r.parser("architecture", without="L1"),
    "C43": lambda r: highest(r.parser("dataset", without="SwinIR"), r.parser("dataset", without="RCAN")),
    "C44": lambda r: highest(r.parser("dataset", without="VGG_GAN"), r.parser("dataset", without="L1")),
    "C45": lambda r: lowest(*(r.parser(asks, without="VGG_GAN") - r.parser(asks, without="L1") for asks in ("scale", "architecture", "dataset"))),
    "C46": lambda r: lowest(*steps(*(beyond_chance(r, asks) for asks in ("dataset", "architecture", "loss", "scale")))),
    # Parsers on published networks
    "C47": lambda r: parsed(r, "scale", adversarial=False),
    "C48": lambda r: lowest(*called_4x(r, EnhanceNet="", proSR="ProSRGAN")),
    "C49": lambda r: highest(*called_4x(r, NCSR="", SPSR="", ESRGAN="")),
    "C50": lambda r: parsed(r, "loss", adversarial=False),
    "C51": lambda r: parsed(r, "loss", adversarial=True),
    "C52": lambda r: parsed(r, "architecture", known=True),
    # Image quality, and everything together
    "C53": lambda r: highest(*(swinir_psnr_difference(r, scale) for scale in fleet.SCALES)),
    "C54": lambda r: r.psnr(origin="custom", scale=4, adversarial=False) - r.psnr(origin="custom", scale=4, adversarial=True),
    "C55": lambda r: lowest(r.custom(), r.triplets("CNN")),
    "C56": lambda r: lowest(
        *steps(r.custom(scale=2, loss="L1"), r.custom(scale=4, loss="L1"), r.custom(adversarial=True)),
        *steps(*(r.among_published(group) for group in PRINTED_ORDER)),
    ),
}  # fmt: skip
