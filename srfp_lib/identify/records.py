"""A judgement as data: what the command prints as JSON, one object a line."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import fleet
from ..forensics import history
from ..forensics.judging import KNOWN, PLAIN, UNSURE, Judgement
from ..forensics.naming import PHOTOGRAPH, Naming
from ..profiles import Profile
from ..published import sources
from . import words
from .reading import Evidence

CANDIDATES = 5
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"  # IPTC NewsCodes, Digital Source Type, of 2024-09-17
OLD_JPEG = 90  # below this quality hardly anything is left of fingerprints trained with L1


def failed(file: str, sentence: str) -> dict[str, Any]:
    """The record of a file that could not be judged."""
    return {"file": file, "error": sentence}


def record(evidence: Evidence, judgement: Judgement, model: Naming, profile: Profile) -> dict[str, Any]:
    """What is known of an image. Probabilities of candidates and of what they share are among networks: they add up to 1."""
    p, shares, networks = judgement.opinion.probabilities, judgement.opinion.shares, model.networks
    order = [int(i) for i in np.argsort(-shares)[:CANDIDATES] if networks[i]]
    candidates = [
        {"model_id": model.sources[i], "probability": _digits(shares[i]), "log10_lr": _digits(judgement.opinion.log10_lr[i], 2)} for i in order
    ]
    height, width, _ = evidence.pixels.shape
    found = {
        "file": evidence.file, "sha256": evidence.sha256, "verdict": judgement.verdict, "reason": judgement.reason, "candidates": candidates,
        "not_super_resolved": plain(model, p), "parsed": parsed(model, shares),
        "evidence": {"log10_lr": candidates[0]["log10_lr"], "bound": _digits(judgement.opinion.bound, 2),
                     "networks": int(networks.sum())},
        "open_set": {"score": _digits(judgement.opinion.strangeness, 3), "limit": _digits(judgement.opinion.limit, 3)},
        "stability": {"tried": len(judgement.delivered), "flipped": len(judgement.flipped),
                      "verdicts": {way: _said(*verdict) for way, verdict in judgement.delivered.items()}},
        "state": judgement.opinion.state, "map": votes(judgement, [c["model_id"] for c in candidates]), "format": evidence.format,
        "width": width, "height": height, "decoder": evidence.decoder, "licence": "", "digital_source_type": "",
    }  # fmt: skip
    found["warnings"] = warnings(evidence, judgement, model)
    if judgement.verdict == KNOWN:
        found |= {"licence": licence(judgement.first, profile), "digital_source_type": IPTC + term(judgement.first)}
    return found | {"in_words": words.verdict(found)}


def _digits(value: float, digits: int = 4) -> float:
    return round(float(value), digits)


def _said(verdict: str, first: str) -> str:
    return f"{verdict}: {first}" if verdict == KNOWN else verdict


def plain(model: Naming, p: np.ndarray) -> dict[str, float]:
    """The probabilities of what is no network's work."""
    of = dict(zip(model.sources, p.tolist(), strict=True))
    photograph = of.pop(PHOTOGRAPH, 0.0)
    rest = sum(value for name, value in of.items() if not model.networks[model.sources.index(name)])
    return {"photograph": _digits(photograph), "interpolation": _digits(rest)}


def parsed(model: Naming, shares: np.ndarray) -> dict[str, dict[str, float]]:
    """Scale, loss and architecture: the candidates' probabilities added up by each, the likeliest first."""
    known = {i: fleet.parse(model.sources[i]) for i in np.flatnonzero(model.networks).tolist()}
    found: dict[str, dict[str, float]] = {}
    for what in ("scale", "loss", "architecture"):
        sums: dict[str, float] = {}
        for i, network in known.items():
            value = str(getattr(network, what))
            sums[value] = sums.get(value, 0.0) + float(shares[i])
        found[what] = {value: _digits(p) for value, p in sorted(sums.items(), key=lambda item: -item[1])}
    return found


def votes(judgement: Judgement, candidates: list[str]) -> list[dict[str, Any]]:
    """Each square with its own likeliest source, in four kinds."""
    kinds = {candidates[0]: "network"} | dict.fromkeys(candidates[1:], "second")
    return [
        {"top": top, "left": left, "side": judgement.side, "first": first,
         "vote": kinds.get(first, "other" if first.count("-") >= 4 and first != PHOTOGRAPH else "photograph")}
        for (top, left), first in zip(judgement.places, judgement.votes, strict=True)
    ]  # fmt: skip


def warnings(evidence: Evidence, judgement: Judgement, model: Naming) -> list[str]:
    """Reasons why the verdict may be wrong."""
    said = [f"When the file was read: {note}." for note in evidence.notes] + _losses(evidence)
    if judgement.opinion.state == "resized":
        said.append("It is more like images resized by a few percent; some images that nobody resized look so too.")
    elif judgement.opinion.state == "compressed" and not evidence.quality:
        said.append("It is more like images compressed with loss; photographs as cameras save them often look so too.")
    if min(evidence.pixels.shape[:2]) < model.side:
        said.append(f"It is smaller than the squares of {model.side} x {model.side} pixels that the model was made for.")
    elif len(judgement.places) < 4:
        said.append("It is small: few squares can be asked.")
    if judgement.verdict == PLAIN and judgement.opinion.probabilities[model.networks].sum() > 0.5:
        said.append("The comparison of single sources favours a network: real networks made to imitate photographs are often taken for them.")
    said += history.doubts(evidence.pixels)
    unlike = sum(verdict == UNSURE for verdict, _ in judgement.delivered.values())
    if judgement.verdict != UNSURE and unlike > len(judgement.delivered) / 2:
        said.append(f"{unlike} of {len(judgement.delivered)} re-delivered copies allow no verdict: what was found is weak.")
    if judgement.verdict in (KNOWN, PLAIN) and judgement.votes.count(judgement.first) * 2 < len(judgement.votes):
        said.append("Fewer than half of the squares name this source by themselves.")
    return said


def _losses(evidence: Evidence) -> list[str]:
    """What the file's format, or a grid in its pixels, says of lossy compression."""
    if evidence.quality:
        lost = " Hardly anything of weak fingerprints outlasts that." if evidence.quality < OLD_JPEG else " Weak fingerprints suffer from it."
        return [f"A JPEG file of a quality of about {evidence.quality} by its quantisation table.{lost}"]
    if evidence.format == "WEBP":
        return ["A WebP file: unless it was saved without loss, weak fingerprints suffer from it."]
    if (blocks := history.blockiness(evidence.pixels)) > history.BLOCKY:
        return [f"Its pixels show a grid of 8 x 8 ({blocks:.0f} standard errors), as a JPEG file leaves one."]
    return []


def licence(model_id: str, profile: Profile) -> str:
    """The licences of a published network's weights and code, as the catalogue has them."""
    if fleet.parse(model_id).origin != "published":
        return "trained in this workspace"
    row = sources.row_of(profile.published, model_id)
    return f"{row.family}: weights {row.licence_weights or 'not stated'}; code {row.licence_code or 'not stated'} ({row.repository})"


def term(model_id: str) -> str:
    """The term of the vocabulary that fits a photograph enlarged by a network: altered by an algorithm, or with invented detail.

    >>> term("EDSR-div2k-x4-L1-s1"), term("EDSR-div2k-x4-VGG_GAN-s1")
    ('algorithmicallyEnhanced', 'compositeWithTrainedAlgorithmicMedia')
    """
    return "compositeWithTrainedAlgorithmicMedia" if fleet.parse(model_id).adversarial else "algorithmicallyEnhanced"
