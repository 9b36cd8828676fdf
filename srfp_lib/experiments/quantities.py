"""Which number tests each of the paper's claims? `QUANTITIES` has one per claim id, computed from `Results`.

The wording of the claims is in `data/paper/claims.csv`, that of the quantities in `data/paper/verdict_rules.csv`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from .. import fleet, tasks
from . import attribution, parsing
from .attribution import loss_effect, scale_effect
from .results import Results, Unanswered, members
from .separability import jackknife
from .uncertainty import NAN, Accuracy, Estimate, distance, highest, lowest, mean

ORDER = ("2X, L1", "4X, L1", "4X, adversarial")  # groups of published networks, from hard to easy
ADVERSARIAL = ("VGG_GAN", "ResNet_GAN")


def steps(*groups: Accuracy) -> list[Accuracy]:
    """The differences between neighbours in an order."""
    return [after - before for before, after in pairwise(groups)]


# The custom fleet


def fleet_accuracy(r: Results, **hyperparameters: object) -> Accuracy:
    """180-way accuracy."""
    return attribution.accuracy(r.attribution, **hyperparameters)


def triplets(answers: pd.DataFrame, **hyperparameters: object) -> Accuracy:
    """Accuracy within the paper's 24 seed triplets, which leave out NLSN (D1)."""
    return attribution.accuracy(answers[answers["architecture"] != "NLSN"], **hyperparameters)


def loss_beyond_scale(r: Results) -> Estimate:
    loss, scale = loss_effect(r.attribution), scale_effect(r.attribution)
    return lowest(loss - scale, Accuracy(loss.table + scale.table))


def loss_beyond_architecture(r: Results) -> Accuracy:
    groups = sorted((fleet_accuracy(r, architecture=a) for a in fleet.ARCHITECTURES), key=lambda g: g.estimate().value)
    return loss_effect(r.attribution) - (groups[-1] - groups[0])


def quarter_sets_minus_full(r: Results) -> Accuracy:
    quarter, full = (mean(*(fleet_accuracy(r, dataset=part + d) for d in ("div2k", "flickr2k"))) for part in ("quarter_", ""))
    return quarter - full


def others_minus_hard_nlsn(r: Results) -> Estimate:
    groups = {key: Accuracy.of(group) for key, group in r.cnn_triplets.groupby(["architecture", "scale", "loss"])}
    nlsn = groups.pop(("NLSN", 4, "L1"))
    return lowest(*(other - nlsn for other in groups.values()))


def parser(r: Results, asks: str, *, without: str) -> Accuracy:
    """A cell of Table 4."""
    return parsing.accuracy(r.parsers, asks, without)


def parser_beyond_chance(r: Results, asks: str) -> Accuracy:
    """A row mean of Table 4, from chance (0) to always right (1)."""
    chance = 1 / len(tasks.CLASSES[asks])
    row = mean(*(parser(r, asks, without=column) for column, (_, _, asked) in tasks.COLUMNS.items() if asks in asked))
    return Accuracy((row.table - chance) / (1 - chance))


def psnr(r: Results, **properties: object) -> Accuracy:
    """PSNR in dB by photograph, mean over the networks with the given properties."""
    networks = {m: fleet.parse(m) for m in r.need("quality")["model_id"].unique()}
    chosen = [m for m, network in networks.items() if all(getattr(network, k) == v for k, v in properties.items())]
    by_photograph = r.quality[r.quality["model_id"].isin(chosen)].groupby("photograph")["psnr"].mean()
    return Accuracy(pd.DataFrame([by_photograph]))


def swinir_psnr_difference(r: Results, scale: int) -> Accuracy:
    """PSNR of SwinIR trained with L1, custom networks minus the published one."""
    custom, published = (psnr(r, architecture="SwinIR", loss="L1", scale=scale, origin=origin) for origin in ("custom", "published"))
    if published.table.empty:
        raise Unanswered("the published SwinIR is not among the networks whose quality was measured")
    return custom - published


# The four backbones and the published networks


def backbones(r: Results) -> list[Accuracy]:
    """The 205-way accuracy of the four backbones, in the order of Table 2."""
    if len(r.backbones) < 4 or len(next(iter(r.backbones.values()))[0].classes) < 205:
        raise Unanswered("Table 2 of this run is not over the 205 networks with four backbones")
    return [attribution.accuracy(attribution.scored(runs)) for runs in r.backbones.values()]


def backbone_differences(r: Results, *pairs: tuple[int, int]) -> Estimate:
    """The lowest of several differences between backbones, by their place in Table 2."""
    found = backbones(r)
    return lowest(*(found[a] - found[b] for a, b in pairs))


def published(r: Results, group: str) -> Accuracy:
    """25-way accuracy in a group."""
    return Accuracy.of(r.warm_answers[r.warm_answers["model_id"].isin(members(r.warm[0].classes, group))])


def share_of_higher_ratios(r: Results) -> Estimate:
    seen, unseen = r.seen_ratios, r.unseen_ratios
    a, b = np.triu_indices(len(seen.networks), 1)
    value = float((unseen.matrix > seen.matrix)[a, b].mean())
    left_out = (unseen.left_out > seen.left_out)[:, a, b].mean(1)
    return Estimate(value, NAN, *jackknife(value, left_out), unseen.n_photographs, unseen.n_runs)


def mean_ratio(r: Results, group: str = "") -> Estimate:
    """The mean ratio of squares, unseen, over the pairs in a group or all pairs."""
    ratios = r.unseen_ratios
    return ratios.estimate(ratios.among(members(ratios.networks, group) if group else ratios.networks))


def l1_ratios_beyond_adversarial(r: Results) -> Estimate:
    two, four, adversarial = (r.unseen_ratios.among(members(r.unseen_ratios.networks, group)) for group in ORDER)
    return r.unseen_ratios.estimate(lambda m: np.minimum(two(m), four(m)) - adversarial(m))


def exceptions_beyond_adversarial(r: Results) -> Estimate:
    ratios = r.unseen_ratios
    real, prosr = (ratios.row(network(ratios.networks, *which)) for which in (("Real_ESRGAN", 2, ""), ("proSR", 4, "L1")))
    rows = [ratios.row(n) for n in members(ratios.networks, "4X, adversarial")]
    return ratios.estimate(lambda m: np.maximum(real(m), prosr(m)) - np.mean([row(m) for row in rows], axis=0))


def network(model_ids: Iterable[str], architecture: str, scale: int, loss: str) -> str:
    """The published network with an architecture and scale, and a loss if there are several."""
    for one in map(fleet.parse, model_ids):
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
    "C01": lambda r: backbones(r)[0],
    "C02": lambda r: backbone_differences(r, (0, 1), (0, 2), (0, 3)),
    "C03": lambda r: backbone_differences(r, (1, 0), (2, 0)),
    "C04": lambda r: backbone_differences(r, (0, 3), (1, 3), (2, 3)),
    # Attribution of the custom networks
    "C05": lambda r: fleet_accuracy(r),
    "C06": lambda r: scale_effect(r.attribution),
    "C07": lambda r: loss_effect(r.attribution),
    "C08": lambda r: lowest(*(fleet_accuracy(r, loss=loss) for loss in ADVERSARIAL)),
    "C09": lambda r: fleet_accuracy(r, loss="L1"),
    "C10": lambda r: distance(fleet_accuracy(r, loss="ResNet_GAN") - fleet_accuracy(r, loss="VGG_GAN")),
    "C11": loss_beyond_scale,
    "C12": loss_beyond_architecture,
    "C13": lambda r: lowest(*(fleet_accuracy(r, architecture="SwinIR") - fleet_accuracy(r, architecture=a)
                              for a in fleet.ARCHITECTURES if a != "SwinIR")),
    "C14": quarter_sets_minus_full,
    "C15": lambda r: lowest(*steps(*(fleet_accuracy(r, scale=s, adversarial=a) for a in (False, True) for s in fleet.SCALES))),
    # Seed triplets
    "C16": lambda r: triplets(r.cnn_triplets),
    "C17": lambda r: lowest(*(triplets(r.cnn_triplets, loss="L1", scale=s) for s in fleet.SCALES)),
    "C18": lambda r: lowest(*(triplets(r.cnn_triplets, loss=loss, scale=s) for loss in ADVERSARIAL for s in fleet.SCALES)),
    "C19": others_minus_hard_nlsn,
    "C20": lambda r: triplets(r.cnn_triplets) - triplets(r.prnu_triplets),
    "C21": lambda r: triplets(r.prnu_triplets),
    "C22": lambda r: triplets(r.prnu_triplets, adversarial=False) - triplets(r.prnu_triplets, adversarial=True),
    # Attribution of the published networks
    "C24": lambda r: Accuracy.of(r.warm_answers),
    "C25": lambda r: Accuracy.of(r.warm_answers) - Accuracy.of(attribution.scored(r.need("cold"))),
    "C26": lambda r: lowest(*(published(r, group) - published(r, "2X, all") for group in ORDER[1:])),
    "C27": lambda r: lowest(*steps(*(published(r, group) for group in ("2X, all", *ORDER[1:])))),
    "C28": lambda r: published(r, "4X, adversarial"),
    # Separation of seen and unseen networks
    "C29": lambda r: lowest(*steps(*(r.neighbours("warm", group) for group in ORDER))),
    "C30": lambda r: lowest(*steps(*(r.neighbours("unseen", group) for group in ORDER))),
    "C31": share_of_higher_ratios,
    "C32": lambda r: mean_ratio(r, "4X, adversarial"),
    "C33": l1_ratios_beyond_adversarial,
    "C34": exceptions_beyond_adversarial,
    "C35": mean_ratio,
    # Parsers with a value withheld
    "C36": lambda r: lowest(*(parser(r, "scale", without=value) for value in ("s3", "flickr2k", "SwinIR", "RCAN", "VGG_GAN"))),
    "C37": lambda r: distance(parser(r, "scale", without="L1"), 1 / 2),
    "C38": lambda r: lowest(parser(r, "loss", without="s3"), parser(r, "loss", without="flickr2k")),
    "C39": lambda r: lowest(parser(r, "loss", without="SwinIR"), parser(r, "loss", without="RCAN")),
    "C40": lambda r: lowest(parser(r, "architecture", without="s3"), parser(r, "architecture", without="flickr2k")),
    "C41": lambda r: parser(r, "architecture", without="s3") - parser(r, "architecture", without="VGG_GAN"),
    "C42": lambda r: distance(parser(r, "architecture", without="L1"), 1 / 5),
    "C43": lambda r: highest(parser(r, "dataset", without="SwinIR"), parser(r, "dataset", without="RCAN")),
    "C44": lambda r: parser(r, "dataset", without="VGG_GAN"),
    "C45": lambda r: lowest(*(parser(r, asks, without="VGG_GAN") - parser(r, asks, without="L1") for asks in ("scale", "architecture", "dataset"))),
    "C46": lambda r: lowest(*steps(*(parser_beyond_chance(r, asks) for asks in ("dataset", "architecture", "loss", "scale")))),
    # Parsers on published networks
    "C47": lambda r: parsed(r, "scale", adversarial=False),
    "C48": lambda r: lowest(*called_4x(r, EnhanceNet="", proSR="ProSRGAN")),
    "C49": lambda r: highest(*called_4x(r, NCSR="", SPSR="", ESRGAN="")),
    "C50": lambda r: parsed(r, "loss", adversarial=False),
    "C51": lambda r: parsed(r, "loss", adversarial=True),
    "C52": lambda r: distance(Accuracy(parsed(r, "architecture", known=True).table - 1 / 5)),
    # Image quality, and everything together
    "C53": lambda r: highest(*(swinir_psnr_difference(r, scale) for scale in fleet.SCALES)),
    "C54": lambda r: psnr(r, scale=4, adversarial=False) - psnr(r, scale=4, adversarial=True),
    "C55": lambda r: lowest(fleet_accuracy(r), Accuracy.of(r.cnn_triplets)),
    "C56": lambda r: lowest(
        *steps(fleet_accuracy(r, scale=2, loss="L1"), fleet_accuracy(r, scale=4, loss="L1"), fleet_accuracy(r, adversarial=True)),
        *steps(*(published(r, group) for group in ORDER)),
    ),
}  # fmt: skip
