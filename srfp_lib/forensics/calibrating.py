"""Fitting a `Naming`: Gaussian models from spectra, and temperatures, limits and likelihood ratios from photographs that they did not see.

Every training photograph is judged by a model of the other ones, and validation photographs by the whole model: on these judgements
everything else is fitted, by state. No test photograph takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from ..images.spectrum import SPECTRUM
from .evidence import Calibrated
from .kernel import Machine
from .naming import ABSENT, DETECTORS, PHOTOGRAPH, PLAIN, STATES, Naming, Scale, against_others, signs, strange

SHRINKAGE = 0.03  # of a covariance of standardised features towards 1; 0.01 to 0.1 are as good on validation photographs
FOLDS = 3
ALARMS = 0.05  # images of known networks that are called unknown
SHORT = 0.015  # photographs that fall short of the limit of one of the two machines; with 0.025 less than 95 % of set-aside ones of `demo` are found
ALARMS_CHANGED = 0.005  # the former, of images that arrive compressed or resized: little is left of what is strange
FALSE = 0.02  # compressed images of networks that reach the limit of one machine; with 0.04 too many published ones of `demo`, set aside, reach both
REDUCED = -1  # the state of photographs at half size, which know no camera's pixels any more; only the machine is shown them
THINNED = 13  # one in so many images of custom networks is shown to it
TEMPERATURES = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30)
GROWTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
Limits = tuple[float, float]
TOGETHER = 4  # images of one photograph that stand in for one larger image


@dataclass(frozen=True, eq=False)
class Samples:
    """Spectra n x d with the numbers of their sources, photographs and states."""

    x: np.ndarray
    sources: Int64[np.ndarray, " n"]
    photographs: Int64[np.ndarray, " n"]
    states: Int64[np.ndarray, " n"]

    def where(self, rows: Bool[np.ndarray, " n"]) -> Samples:
        """Some of them."""
        return Samples(self.x[rows], self.sources[rows], self.photographs[rows], self.states[rows])

    @classmethod
    def joined(cls, several: Sequence[Samples]) -> Samples:
        """All of several."""
        return cls(*(np.concatenate([getattr(one, name) for one in several]) for name in ("x", "sources", "photographs", "states")))


@dataclass(frozen=True, eq=False)
class Judged:
    """Log-likelihoods, squared lengths and scores as photographs of samples of one state, under models that did not see their photographs."""

    logits: Float[np.ndarray, "n sources"]
    lengths: Float[np.ndarray, " n"]
    photograph: Float[np.ndarray, "n 2"]
    sources: Int64[np.ndarray, " n"]
    photographs: Int64[np.ndarray, " n"]


def gaussians(train: Samples, sources: Sequence[str], side: int) -> Naming:
    """The model without calibration. A source that lacks samples of a state is never named in it."""
    machines, train = _detectors(train, sources), _spectra(train)
    sample = train.x[:: max(len(train.x) // 8000, 1)].astype(np.float32)
    mean, sd = sample.mean(0), sample.std(0) + 1e-6
    by_state = [_of_state(train, state) for state in range(len(STATES))]
    fitted = [_shared_covariance((some.x.astype(np.float32) - mean) / sd, some.sources, len(sources)) for some in by_state]
    weights, biases, precisions = (np.stack(several) for several in zip(*fitted, strict=True))
    return Naming(tuple(sources), side, mean, sd, machines, weights, biases, precisions)


def _of_state(samples: Samples, state: int) -> Samples:
    return samples.where(samples.states == state)


def _shared_covariance(x: Float32[np.ndarray, "n d"], labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linear discriminant analysis with a shrunken covariance: weights d x count, biases, precision d x d."""
    there = np.bincount(labels, minlength=count)
    if not len(x):
        return np.zeros((x.shape[1], count), np.float32), np.full(count, ABSENT, np.float32), np.eye(x.shape[1], dtype=np.float32)
    means = np.zeros((count, x.shape[1]), np.float32)
    for label in np.flatnonzero(there):
        means[label] = x[labels == label].mean(0)
    rest = x - means[labels]
    covariance = (1 - SHRINKAGE) * (rest.T @ rest).astype(np.float64) / len(x) + SHRINKAGE * np.eye(x.shape[1])
    precision = np.linalg.inv(covariance).astype(np.float32)
    weights = precision @ means.T
    biases = np.where(there > 0, -0.5 * (means * weights.T).sum(1), ABSENT)
    return weights, biases.astype(np.float32), precision


def _spectra(train: Samples) -> Samples:
    """What the Gaussian models are fitted to."""
    some = train.where(train.states != REDUCED)
    return replace(some, x=some.x[:, :SPECTRUM])


def shown(train: Samples, sources: Sequence[str]) -> Samples:
    """What machines learn from: of the many custom networks a part."""
    custom = np.array([name not in PLAIN and not name.endswith("-pretrained") for name in sources])
    return train.where(~custom[train.sources] | (np.arange(len(train.x)) % THINNED == 0))


def _detectors(train: Samples, sources: Sequence[str]) -> dict[str, Machine]:
    """Know untouched photographs, some of them at half size, from untouched images of networks and plain enlargements.

    The curved border catches many published networks, and from few photographs too few custom ones, which the plane catches.
    """
    some = shown(train.where(np.isin(train.states, (0, REDUCED))), sources)
    x, inside = some.x.astype(np.float32), np.array([name == PHOTOGRAPH for name in sources])[some.sources]
    return {name: Machine.fit(x, inside, linear=linear) for name, linear in zip(DETECTORS, (False, True), strict=True)}


def _states(train: Samples, sources: Sequence[str]) -> dict[str, Machine]:
    """Know the states of images of networks; photographs may come compressed from their cameras."""
    photograph = np.array([name == PHOTOGRAPH for name in sources])
    some = shown(train.where(~photograph[train.sources]), sources)
    there = np.unique(some.states).tolist()
    return {STATES[state]: Machine.fit(some.x.astype(np.float32), some.states == state) for state in there} if len(there) > 1 else {}


def fitted(train: Samples, validation: Samples, sources: Sequence[str], side: int) -> Naming:
    """The model with its calibration."""
    model = gaussians(train, sources, side)
    names = np.unique(train.photographs)
    fold_of = dict(zip(names.tolist(), (np.arange(len(names)) % min(FOLDS, max(len(names), 2))).tolist(), strict=True))
    folds = np.array([fold_of[p] for p in train.photographs.tolist()])
    partial = {fold: gaussians(train.where(folds != fold), sources, side) for fold in np.unique(folds).tolist()} if len(names) > 1 else {}
    scales = []
    for state in range(len(STATES)):
        states = (state, REDUCED) if state == 0 else (state,)
        parts = [(one, train.where((folds == fold) & np.isin(train.states, states))) for fold, one in partial.items()]
        seen = [(one, some) for one, some in (*parts, (model, validation.where(np.isin(validation.states, states)))) if len(some.x)]
        scales.append(calibrated(judged(seen, state), model, state, scales[0].photograph if scales else (-1e9, -1e9)) if seen else Scale())
    return replace(model, scales=tuple(scales), machines=model.machines | _states(train, sources))


def judged(parts: Sequence[tuple[Naming, Samples]], state: int) -> Judged:
    """The samples of a state, each part by its model."""
    found = [(m.logits(some.x, state), m.lengths(some.x, state), m.photograph(some.x), some.sources, some.photographs) for m, some in parts]
    return Judged(*(np.concatenate(several) for several in zip(*found, strict=True)))


def calibrated(seen: Judged, model: Naming, state: int, least: Limits) -> Scale:
    """How scores are read, from samples whose sources are known."""
    networks = model.networks
    of_network = networks[seen.sources]
    scale = Scale(temperature=_temperature(seen.logits[of_network][:, networks], _among(seen.sources[of_network], networks)))
    scale = replace(scale, growth=_growth(seen, networks, scale.temperature))
    scale = replace(scale, photograph=_photograph(seen, model, state, least))
    scale = replace(scale, strange=_strange(seen, networks))
    known = strange(signs(seen.logits, seen.lengths), scale)
    alarms = ALARMS if state == 0 else ALARMS_CHANGED
    scale = replace(scale, limit=float(np.quantile(known[of_network], 1 - alarms)))
    return _ratios(seen, replace(model, scales=(scale,) * len(STATES)), scale)


def _among(sources: np.ndarray, networks: np.ndarray) -> np.ndarray:
    """The numbers of networks among networks alone."""
    return (np.cumsum(networks) - 1)[sources]


def _loss(logits: np.ndarray, truth: np.ndarray) -> float:
    return -float(log_softmax(logits, 1)[np.arange(len(truth)), truth].mean())


def _temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature of least cross-entropy (Guo et al. 2017)."""
    return float(min(TEMPERATURES, key=lambda t: _loss(logits / t, truth)))


def _growth(seen: Judged, networks: np.ndarray, temperature: float) -> float:
    """How evidence grows with the number of squares n, as n to this power: 1 if they were independent. From `TOGETHER` images of a photograph."""
    groups: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(seen.sources.tolist(), seen.photographs.tolist(), strict=True)):
        groups.setdefault(key, []).append(row)
    rows = [group[:TOGETHER] for (source, _), group in groups.items() if len(group) >= TOGETHER and networks[source]]
    if not rows:
        return 0.5
    logits = np.stack([seen.logits[group].mean(0) for group in rows])[:, networks]
    truth = _among(seen.sources[[group[0] for group in rows]], networks)
    return float(min(GROWTHS, key=lambda g: _loss(logits * TOGETHER**g / temperature, truth)))


def _photograph(seen: Judged, model: Naming, state: int, least: Limits) -> Limits:
    """The scores from which an image is a photograph. Of untouched images `SHORT` of the photographs fall short of each; of others they are at
    ``least`` that, and no more than `FALSE` of the images of custom networks reach either, nor of those of published ones.
    """
    networks, published = model.networks, np.array([name.endswith("-pretrained") for name in model.sources])
    if state == 0:
        scores = seen.photograph[np.array([name == PHOTOGRAPH for name in model.sources])[seen.sources]]
        curved, plane = np.quantile(scores, SHORT, axis=0).tolist() if len(scores) else Scale().photograph
        return curved, plane
    groups = [np.isin(seen.sources, np.flatnonzero(networks & (published == which))) for which in (True, False)]
    quantiles = [np.quantile(seen.photograph[rows], 1 - FALSE, axis=0) for rows in groups if rows.any()]
    curved, plane = np.max([np.array(least), *quantiles], axis=0).tolist()
    return curved, plane


def _strange(seen: Judged, networks: np.ndarray) -> tuple[float, float, float]:
    """Weights of the signs of strangeness that best tell images with their network in the list from the same with it struck off."""
    rows = networks[seen.sources]
    without = seen.logits[rows].copy()
    without[np.arange(len(without)), seen.sources[rows]] = -np.inf
    known, struck = signs(seen.logits[rows], seen.lengths[rows]), signs(without, seen.lengths[rows])
    x = np.concatenate([known, struck])
    mean, sd = x.mean(0), x.std(0) + 1e-9
    model = LogisticRegression().fit((x - mean) / sd, np.repeat([0, 1], [len(known), len(struck)]))
    weights = model.coef_[0] / sd
    return float(weights[0]), float(weights[1]), float(model.intercept_[0] - (weights * mean).sum())


def _ratios(seen: Judged, model: Naming, scale: Scale) -> Scale:
    """The line from raw to calibrated likelihood ratios, and their bounds (`evidence`): each image against its own and some other networks."""
    networks = np.flatnonzero(model.networks)
    rows = np.flatnonzero(model.networks[seen.sources])
    raw = against_others(model.log_probabilities(seen.logits[rows], 0), model.networks)
    position = np.searchsorted(networks, seen.sources[rows])
    steps = np.unique(np.linspace(1, max(len(networks) - 1, 1), 5).astype(int))
    own = raw[np.arange(len(rows)), seen.sources[rows]]
    other = np.concatenate([raw[np.arange(len(rows)), networks[(position + step) % len(networks)]] for step in steps])
    scores, same = np.clip(np.concatenate([own, other]), -30, 30), np.repeat([True, False], [len(own), len(other)])
    curve = Calibrated.fit(scores, same, networks=len(networks), photographs=len(np.unique(seen.photographs[rows])))
    at = curve.unbounded(np.array([0.0, 1.0]))
    return replace(scale, slope=float(at[1] - at[0]), offset=float(at[0]), low=curve.low, high=curve.high)
