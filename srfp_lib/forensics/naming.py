"""Which of many sources made an image: Gaussian models of its log power spectrum, one for each state in which images arrive.

Within a state all sources share a covariance, so that the model is linear (Fisher 1936). The spectra of one photograph by all networks
differ in the fingerprints alone, and what photographs differ by is what the covariance plays down. No network is trained, so that no
source which is to be unknown can have left anything in the features.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.special import log_softmax, logsumexp, softmax

from ..common.errors import UserError
from ..fleet import HR
from ..images.spectrum import SPECTRUM
from .described import PLAIN as INTERPOLATIONS
from .kernel import Machine

STATES = ("untouched", "compressed", "resized")
PHOTOGRAPH = HR
PLAIN = (PHOTOGRAPH, *INTERPOLATIONS)  # sources that are no super-resolution networks
DETECTORS = ("photograph, by a curved border", "photograph, by a plane")  # machines; an image is a photograph if both say so
SURENESS = 2.5  # of the machines that know states, by which a score becomes a log-probability
ABSENT = -1e6  # the log-likelihood of what was not in the training
TENSORS = ("mean", "sd", "weights", "biases", "precisions")


@dataclass(frozen=True)
class Scale:
    """How the scores of images in one state are read; see `calibrating`. ``photograph``: the scores from which an image is a photograph.
    ``strange``: weights of two signs of strangeness, and a constant; ``limit``: what of it images of known networks keep to.
    """

    temperature: float = 6.0
    growth: float = 0.5
    photograph: tuple[float, float] = (1e9, 1e9)
    strange: tuple[float, float, float] = (-1.0, 1.0, 0.0)
    limit: float = 1e9
    slope: float = 1.0
    offset: float = 0.0
    low: float = -9.0
    high: float = 9.0


@dataclass(frozen=True, eq=False)
class Opinion:
    """What an image's squares say together. Probabilities of all sources add up to 1, and so do the ``shares`` of the networks alone, which
    are 0 for others; LRs are log10, of networks, NaN for others.
    ``photograph``: how far above its limit the lower of two scores as a photograph lies; ``perhaps``: how far above that of untouched images.
    """

    probabilities: Float[np.ndarray, " sources"]
    shares: Float[np.ndarray, " sources"]
    log10_lr: Float[np.ndarray, " sources"]
    strangeness: float
    limit: float
    photograph: float
    perhaps: float
    state: str
    bound: float


@dataclass(frozen=True, eq=False)
class Naming:
    """A fitted model of ``sources``, networks first in any order, for squares of ``side`` pixels. Arrays by state: k d sources, and k d d.

    Its features are those of `traces`; the Gaussian models take the spectra. ``machines`` take all of them: two, `DETECTORS`, know
    photographs, and, if there are several states, one each of these, by its name.
    """

    sources: tuple[str, ...]
    side: int
    mean: Float32[np.ndarray, " d"]
    sd: Float32[np.ndarray, " d"]
    machines: dict[str, Machine]
    weights: Float32[np.ndarray, "k d sources"]
    biases: Float32[np.ndarray, "k sources"]
    precisions: Float32[np.ndarray, "k d d"]
    scales: tuple[Scale, ...] = (Scale(),) * len(STATES)
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def networks(self) -> np.ndarray:
        """Which sources are networks."""
        return np.array([name not in PLAIN for name in self.sources])

    def standard(self, features: Float[np.ndarray, "n all"]) -> Float32[np.ndarray, "n d"]:
        """The spectra with means of 0 and standard deviations of 1 in training."""
        return (features[:, :SPECTRUM].astype(np.float32) - self.mean) / self.sd

    def logits(self, features: Float[np.ndarray, "n d"], state: int) -> Float32[np.ndarray, "n sources"]:
        """Log-likelihoods of the sources but for what is common to all."""
        return self.standard(features) @ self.weights[state] + self.biases[state]

    def lengths(self, features: Float[np.ndarray, "n d"], state: int) -> Float32[np.ndarray, " n"]:
        """The squared Mahalanobis lengths of the features."""
        x = self.standard(features)
        return np.einsum("nd,nd->n", x @ self.precisions[state], x)

    def photograph(self, features: Float[np.ndarray, "n d"]) -> Float32[np.ndarray, "n 2"]:
        """How much each square looks like one of an untouched photograph: above 0 more than like what a network or an enlargement leaves."""
        return np.stack([self.machines[name].scores(features.astype(np.float32)) for name in DETECTORS], 1)

    def state(self, features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " k"]:
        """The probability of each state, from all squares of an image."""
        x = features.astype(np.float32)
        scores = [SURENESS * float(self.machines[name].scores(x).mean()) if name in self.machines else ABSENT for name in STATES]
        return softmax(scores if max(scores) > ABSENT else [0.0, *scores[1:]])

    def likeliest(self, features: Float[np.ndarray, "n d"], state: str) -> list[str]:
        """The first source of each square by itself."""
        found = self.log_probabilities(self.logits(features, STATES.index(state)), STATES.index(state))
        return [self.sources[i] for i in found.argmax(1).tolist()]

    def opinion(self, features: Float[np.ndarray, "n d"], independent: float = 1.0, *, lossy: bool = False) -> Opinion:
        """The opinion of squares of one image, of which so many are ``independent``: others overlap them. ``lossy``: it is known to have been
        compressed, after which networks' images look more like photographs.
        """
        shares = self.state(features)
        state = int(shares.argmax())
        found = {k: self.logits(features, k).mean(0) for k in np.flatnonzero(shares > 0.01).tolist()}
        parts = [np.log(shares[k]) + self.log_probabilities(z, k, independent) for k, z in found.items()]
        log_p = log_softmax(logsumexp(parts, axis=0))
        scale = self.scales[state]
        strangeness = strange(signs(found[state][None], self.lengths(features, state).mean(keepdims=True)), scale)[0]
        raw = against_others(log_p[None], self.networks)[0]
        lr = np.clip(scale.slope * raw + scale.offset, scale.low, scale.high)
        photograph, perhaps = (float((self.photograph(features).mean(0) - self.scales[k].photograph).min()) for k in (1 if lossy else 0, 0))
        shares = softmax(np.where(self.networks, log_p, -np.inf))
        return Opinion(np.exp(log_p), shares, lr, float(strangeness), scale.limit, photograph, perhaps, STATES[state], scale.high)

    def log_probabilities(self, logits: Float[np.ndarray, "*n sources"], state: int, independent: float = 1.0) -> Float[np.ndarray, "*n sources"]:
        """Tempered, all sources as likely at the outset."""
        return log_softmax(logits * independent ** self.scales[state].growth / self.scales[state].temperature, -1)

    def save(self, folder: Path) -> None:
        """Write the tensors as safetensors and the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: getattr(self, name) for name in TENSORS}
        for key, machine in self.machines.items():
            tensors |= machine.tensors(key)
        save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, folder / "model.safetensors")
        rest = {"sources": self.sources, "side": self.side, "scales": [vars(scale) for scale in self.scales], "about": self.about}
        (folder / "model.json").write_text(json.dumps(rest, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Naming:
        """A saved model. Raises UserError if its files are damaged."""
        try:
            rest = json.loads((folder / "model.json").read_text())
            scales = tuple(Scale(**scale | {name: tuple(scale[name]) for name in ("strange", "photograph")}) for scale in rest["scales"])
            tensors = load_file(folder / "model.safetensors")
            own = {name: tensors.pop(name) for name in TENSORS}
            machines = {key: Machine.of(tensors, key) for key in dict.fromkeys(name.partition(".")[0] for name in tensors)}
            return cls(tuple(rest["sources"]), rest["side"], machines=machines, scales=scales, about=rest["about"], **own)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise UserError(f"the model in '{folder}' is damaged ({error}): delete its receipt, and the same command makes it again") from None


def signs(logits: Float[np.ndarray, "n sources"], lengths: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 2"]:
    """Two signs that an image is of none of the sources: log of 1 + the best source's lead, which is then small, and the share of its
    squared length that no source explains.
    """
    best = np.sort(logits, 1)
    return np.stack([np.log1p(best[:, -1] - best[:, -2]), 1 - 2 * best[:, -1] / lengths], 1)


def strange(found: Float[np.ndarray, "n 2"], scale: Scale) -> Float[np.ndarray, " n"]:
    """One number from both signs."""
    return found @ np.array(scale.strange[:2]) + scale.strange[2]


def against_others(log_p: Float[np.ndarray, "n sources"], networks: np.ndarray) -> Float[np.ndarray, "n sources"]:
    """Log10 of a network's likelihood over the mean likelihood of the other networks; NaN for what is no network."""
    of = np.where(networks, log_p, -np.inf)
    share = of - logsumexp(of, axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        others = np.log(-np.expm1(np.minimum(share, -1e-12))) - np.log(max(int(networks.sum()) - 1, 1))
    return np.where(networks, (share - others) / np.log(10), np.nan)
