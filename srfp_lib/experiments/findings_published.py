"""The quantities of the claims that speak of the published networks and of the four backbones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from .. import fleet
from . import attribution, published, separability
from .results import Results, Unanswered
from .uncertainty import Accuracy, Estimate, highest, interval, lowest

Quantity = Callable[[Results], Estimate]


def _backbones(r: Results) -> list[Accuracy]:
    """The accuracy of the four backbones, in their order."""
    if len(r.backbones) < 4 or len(next(iter(r.backbones.values()))[0].classes) < 205:
        raise Unanswered("Table 2 of this run is not over the 205 networks with four backbones")
    return [attribution.overall(attribution.scored(runs)) for runs in r.backbones.values()]


def _first_minus_best(r: Results) -> Estimate:
    first, *others = _backbones(r)
    return lowest(*(first - other for other in others))


def _close(r: Results) -> Estimate:
    first, second, third, _ = _backbones(r)
    return lowest(second - first, third - first)


def _weakest(r: Results) -> Estimate:
    *others, last = _backbones(r)
    return lowest(*(other - last for other in others))


def _group(r: Results, name: str) -> Accuracy:
    """The 25-way accuracy of a group."""
    answers = attribution.scored(r.need("warm"))
    members = separability.groups(list(r.warm[0].classes)).get(name)
    if not members:
        raise Unanswered(f"there are not two published networks in the group {name}")
    return Accuracy.of(answers[answers["model_id"].isin(members)])


def _neighbour_steps(r: Results, which: str) -> Estimate:
    low, middle, high = (r.neighbours(which, g) for g in ("2X, L1", "4X, L1", "4X, adversarial"))
    return lowest(middle - low, high - middle)


def _higher_unseen(r: Results) -> Estimate:
    seen, unseen = r.separation("seen"), r.separation("unseen")
    pairs = np.triu_indices(len(seen.networks), 1)
    value = float((unseen.matrix > seen.matrix)[pairs].mean())
    left_out = (unseen.left_out > seen.left_out)[:, pairs[0], pairs[1]].mean(1)
    return Estimate(value, float("nan"), *separability.jackknife(value, left_out), unseen.n_photographs, unseen.n_runs)


def _mean_ratio(r: Results, group: str) -> Estimate:
    unseen = r.separation("unseen")
    return unseen.estimate(unseen.among(_members(r, group)))


def _members(r: Results, group: str) -> list[str]:
    members = separability.groups(r.separation("unseen").networks).get(group)
    if not members:
        raise Unanswered(f"there are not two published networks in the group {group}")
    return members


def _l1_minus_adversarial(r: Results) -> Estimate:
    unseen = r.separation("unseen")
    means = {g: unseen.among(_members(r, g)) for g in ("2X, L1", "4X, L1", "4X, adversarial")}
    return unseen.estimate(lambda m: np.minimum(means["2X, L1"](m), means["4X, L1"](m)) - means["4X, adversarial"](m))


def _exceptions(r: Results) -> Estimate:
    unseen = r.separation("unseen")
    two = [_one(r, "Real_ESRGAN", 2), _one(r, "proSR", 4, "L1")]
    rows = [unseen.row(n) for n in _members(r, "4X, adversarial")]
    return unseen.estimate(lambda m: np.maximum(*(unseen.row(n)(m) for n in two)) - np.mean([row(m) for row in rows], axis=0))


def _one(r: Results, architecture: str, scale: int, loss: str = "") -> str:
    """The published network of an architecture, scale and loss."""
    ids = r.parsed["model_id"].unique() if r.parsed is not None else r.separation("unseen").networks
    for network in map(fleet.parse, ids):
        if (network.architecture, network.scale) == (architecture, scale) and loss in ("", network.loss):
            return network.model_id
    raise Unanswered(f"{architecture} at {scale}X is not among the published networks of this run")


def _called(r: Results, asks: str, values: tuple[str, ...], *networks: str) -> list[Accuracy]:
    return [published.share(r.parsed, asks, [n], values) for n in networks]


def _scale_of_l1(r: Results) -> Estimate:
    some = r.need("parsed")[(r.parsed["asks"] == "scale") & ~r.parsed["model_id"].map(lambda m: fleet.parse(m).adversarial)]
    return Accuracy.of(some).estimate()


def _loss_called(r: Results, *, adversarial: bool) -> Estimate:
    members = [m for m in r.need("parsed")["model_id"].unique() if fleet.parse(m).adversarial == adversarial]
    if not members:
        raise Unanswered("this run has no such published networks")
    values = [loss for loss in fleet.LOSSES if (loss != "L1") == adversarial]
    return published.share(r.parsed, "loss", members, values).estimate()


def architecture_accuracy(answers: pd.DataFrame) -> Accuracy:
    """The architecture parser on published networks whose architecture it knows."""
    some = answers[(answers["asks"] == "architecture") & answers["known"]]
    if some.empty:
        raise Unanswered("no published network of this run has an architecture of the fleet")
    return Accuracy.of(some)


def _far_from_chance(r: Results) -> Estimate:
    table = architecture_accuracy(r.need("parsed")).table
    e = Accuracy(table - 1 / len(fleet.ARCHITECTURES)).estimate()
    low, high = sorted((abs(e.low), abs(e.high)))
    return Estimate(abs(e.value), e.sd, 0.0 if e.low <= 0 <= e.high else low, high, e.n_photographs, e.n_runs)


def _swinir_psnr(r: Results) -> Estimate:
    """In dB, custom L1 networks of SwinIR minus the published one, the higher of both scales."""
    table, found = r.need("quality"), []
    swinir = table[table["model_id"].str.startswith("SwinIR-") & table["model_id"].str.contains("-L1-")]
    for scale in fleet.SCALES:
        at = swinir[swinir["model_id"].str.contains(f"-x{scale}-")]
        theirs = at[at["model_id"].str.endswith("-pretrained")].groupby("photograph")["psnr"].mean()
        if theirs.empty:
            raise Unanswered("the published SwinIR is not among the networks whose quality was measured")
        found.append(at[~at["model_id"].str.endswith("-pretrained")].groupby("photograph")["psnr"].mean() - theirs)
    best = max(found, key=lambda d: d.mean())
    return Estimate(float(best.mean()), float("nan"), *interval(best.to_numpy()), len(best), 1)


def _open_endedness(r: Results) -> Estimate:
    fleet_groups = (dict(scale=2, loss="L1"), dict(scale=4, loss="L1"), dict(adversarial=True))
    ours = [attribution.group(r.attribution, **g) for g in fleet_groups]
    theirs = [_group(r, g) for g in ("2X, L1", "4X, L1", "4X, adversarial")]
    return lowest(ours[1] - ours[0], ours[2] - ours[1], theirs[1] - theirs[0], theirs[2] - theirs[1])


QUANTITIES: dict[str, Quantity] = {
    "C01": lambda r: _backbones(r)[0].estimate(),
    "C02": _first_minus_best,
    "C03": _close,
    "C04": _weakest,
    "C24": lambda r: attribution.overall(attribution.scored(r.need("warm"))).estimate(),
    "C25": lambda r: (attribution.overall(attribution.scored(r.need("warm"))) - attribution.overall(attribution.scored(r.need("cold")))).estimate(),
    "C26": lambda r: lowest(*(_group(r, g) - _group(r, "2X, all") for g in ("4X, L1", "4X, adversarial"))),
    "C27": lambda r: lowest(_group(r, "4X, L1") - _group(r, "2X, all"), _group(r, "4X, adversarial") - _group(r, "4X, L1")),
    "C28": lambda r: _group(r, "4X, adversarial").estimate(),
    "C29": lambda r: _neighbour_steps(r, "seen"),
    "C30": lambda r: _neighbour_steps(r, "unseen"),
    "C31": _higher_unseen,
    "C32": lambda r: _mean_ratio(r, "4X, adversarial"),
    "C33": _l1_minus_adversarial,
    "C34": _exceptions,
    "C35": lambda r: r.separation("unseen").estimate(r.separation("unseen").among(r.separation("unseen").networks)),
    "C47": _scale_of_l1,
    "C48": lambda r: lowest(*_called(r, "scale", ("4",), _one(r, "EnhanceNet", 4), _one(r, "proSR", 4, "ProSRGAN"))),
    "C49": lambda r: highest(*_called(r, "scale", ("4",), _one(r, "NCSR", 4), _one(r, "SPSR", 4), _one(r, "ESRGAN", 4))),
    "C50": lambda r: _loss_called(r, adversarial=False),
    "C51": lambda r: _loss_called(r, adversarial=True),
    "C52": _far_from_chance,
    "C53": _swinir_psnr,
    "C56": _open_endedness,
}
