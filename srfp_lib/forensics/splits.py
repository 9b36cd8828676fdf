"""The open set as a benchmark: which networks are known and which are not, kept in `data/open_set`, and the one function that scores.

A kind of unknown is a file of five splits. What is left out is a value of a hyperparameter: none of the known networks has it, and the
unknown ones have it and are otherwise of the same fleet. Real networks, untouched photographs, images enlarged without a network and
chains, images that two networks enlarged one after the other, are unknown beside 60 networks of the fleet. Every split but those
among real networks has 60 known networks, so that kinds can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from .. import fleet
from ..common.checkout import DATA
from ..common.errors import UserError
from ..common.randomness import numpy_generator
from ..fleet import HR, Network
from ..published.catalogue import rows as catalogue
from .described import PLAIN
from .measures import Ranked, threshold

FOLDER = DATA / "open_set"
FACTORS = ("seed", "dataset", "loss", "architecture", "scale")
BESIDE = ("real", "untouched", "bicubic", "lanczos", "chain")  # unknown beside the same 60 known networks of the fleet
REAL = "another real"  # known and unknown are real networks, of different architectures
KINDS = (*FACTORS, *BESIDE, REAL)
SPLITS, KNOWN, UNKNOWN, CHAINS, SEED = 5, 60, 30, 6, 19
THEN = " then "  # "A then B" is a chain: B enlarged what A had enlarged
RATES = (0.01, 0.05)  # of false alarms: known images that are called unknown
COLUMNS = ["kind", "split", "model_id", "role"]


@dataclass(frozen=True)
class Split:
    """The networks of one split of a kind of unknown; unknown "networks" may be untouched photographs or chains."""

    kind: str
    number: int
    known: tuple[str, ...]
    unknown: tuple[str, ...]

    def within(self, there: Iterable[str]) -> Split:
        """With those networks alone that a run has; a chain is there if both its networks are."""
        names = set(there)
        known, unknown = (tuple(n for n in group if names.issuperset(n.split(THEN))) for group in (self.known, self.unknown))
        return Split(self.kind, self.number, known, unknown)


def draw(kind: str, number: int) -> Split:
    """How a split was drawn, the same everywhere; ``number`` is 1 to 5.

    >>> split = draw("architecture", 2)
    >>> len(split.known), len(split.unknown), {fleet.parse(n).architecture for n in split.unknown}
    (60, 30, {'RDN'})
    """
    rng = numpy_generator(SEED, "open set", "beside" if kind in BESIDE else kind, number)
    if kind == REAL:
        return _among_real(number, rng)
    if kind in BESIDE:
        known = _some([n.model_id for n in fleet.custom()], KNOWN, rng)
        return Split(kind, number, known, _beside(kind, known, rng))
    networks = [n for n in fleet.custom() if kind != "seed" or n.dataset == "div2k"]
    left_out = _left_out(kind, number, rng)
    unknown = [n.model_id for n in networks if left_out(n)]
    return Split(kind, number, _some([n.model_id for n in networks if not left_out(n)], KNOWN, rng), _some(unknown, UNKNOWN, rng))


def _left_out(kind: str, number: int, rng: np.random.Generator) -> Callable[[Network], bool]:
    """One value, in turn; of seeds, one of each architecture and scale, whose networks have initial weights in common."""
    if kind == "seed":
        drawn = {(a, s): int(rng.choice(fleet.SEEDS)) for a in fleet.ARCHITECTURES for s in fleet.SCALES}
        return lambda n: n.seed == drawn[n.architecture, n.scale]
    values = list(dict.fromkeys(getattr(n, kind) for n in fleet.custom()))
    return lambda n: getattr(n, kind) == values[(number - 1) % len(values)]


def _some(names: Sequence[str], most: int, rng: np.random.Generator) -> tuple[str, ...]:
    """So many of the names, in their order."""
    return tuple(names[i] for i in sorted(rng.permutation(len(names))[:most]))


def _beside(kind: str, known: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    if kind == "chain":  # the last network is a known one
        pairs = [rng.permutation(len(known))[:2] for _ in range(CHAINS)]
        return tuple(known[first] + THEN + known[last] for first, last in pairs)
    names = {"real": _real(), "untouched": (HR,), "bicubic": PLAIN, "lanczos": PLAIN}[kind]
    return tuple(name for name in names if kind in ("real", "untouched") or name.startswith(kind))


def _real() -> tuple[str, ...]:
    return tuple(dict.fromkeys([n.model_id for n in fleet.published()] + [row.model_id for row in catalogue()]))


def _among_real(number: int, rng: np.random.Generator) -> Split:
    """Half of the architectures are known, the others not."""
    names = _real()
    architectures = list(dict.fromkeys(fleet.parse(n).architecture for n in names))
    known = {architectures[i] for i in rng.permutation(len(architectures))[: (len(architectures) + 1) // 2]}
    of = {role: tuple(n for n in names if (fleet.parse(n).architecture in known) == role) for role in (True, False)}
    return Split(REAL, number, of[True], of[False])


def path(kind: str) -> Path:
    """The file of a kind of unknown."""
    return FOLDER / f"{kind.replace(' ', '_')}.csv"


def write() -> None:
    """Draw all splits anew and write their files: how `data/open_set` was made."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        drawn = [draw(kind, number) for number in range(1, SPLITS + 1)]
        rows = [(kind, s.number, n, role) for s in drawn for role, names in (("known", s.known), ("unknown", s.unknown)) for n in names]
        path(kind).write_text(pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False, lineterminator="\n"))


@cache
def read(kind: str) -> tuple[Split, ...]:
    """The five splits of a kind, as they are kept. Raises UserError for a kind that is not there."""
    if kind not in KINDS:
        raise UserError(f"there is no kind of unknown '{kind}': choose one of {', '.join(KINDS)}")
    table = pd.read_csv(path(kind))
    return tuple(Split(kind, number, *(tuple(rows.loc[rows["role"] == role, "model_id"]) for role in ("known", "unknown")))
                 for number, rows in ((int(str(n)), rows) for n, rows in table.groupby("split")))  # fmt: skip


def score(rows: pd.DataFrame) -> pd.DataFrame:
    """The measures of one method, for each kind and split, of all photographs and with each left out in turn (column left_out).

    ``rows`` is an image: kind, split, part (validation: images of known networks alone; test), model_id, photograph, score (higher for
    known) and predicted (a model_id). Raises UserError for networks that the split does not have, or has and that are missing.
    """
    found = [one for kind, number in rows[["kind", "split"]].drop_duplicates().itertuples(index=False)
             for one in _scored(rows[(rows["kind"] == kind) & (rows["split"] == number)], str(kind), int(number))]  # fmt: skip
    return pd.DataFrame(found)


def _scored(rows: pd.DataFrame, kind: str, number: int) -> list[dict[str, object]]:
    split = next((s for s in read(kind) if s.number == number), None)
    known = set(split.known) if split else set()
    if split is None or (odd := set(rows["model_id"]) - known - set(split.unknown)):
        sample = sorted(odd)[0] if split else "1 to 5"
        raise UserError(f"split {number} of '{kind}' is not as in '{path(kind)}', {sample}: give its networks and no others")
    known_row, tested = rows["model_id"].isin(known), rows["part"] == "test"
    limits = [threshold(rows.loc[known_row & ~tested, "score"].to_numpy(), rate) for rate in RATES]
    one, other = rows[known_row & tested], rows[~known_row & tested]
    right = (one["predicted"] == one["model_id"]).to_numpy()
    ranked = Ranked.of(one["score"].to_numpy(float), right, other["score"].to_numpy(float))
    photographs = np.concatenate([one["photograph"], other["photograph"]])
    everything = pd.concat([one, other])["score"].to_numpy()
    about = {"kind": kind, "split": number, "n_known": one["model_id"].nunique(), "n_unknown": other["model_id"].nunique()}
    return [about | {"left_out": gone} | _measures(ranked, everything, right, limits, photographs != gone)
            for gone in ("", *dict.fromkeys(photographs)) if gone == "" or len(set(photographs)) > 1]  # fmt: skip


def _measures(ranked: Ranked, scores: np.ndarray, right: np.ndarray, limits: Sequence[float], kept: np.ndarray) -> dict[str, float]:
    """Area measures, those at a share of the unknown, and those at the thresholds of validation photographs."""
    curve, n = ranked.curve(kept), len(right)
    found = {"auroc": curve.auroc(), "fpr95": curve.fpr_at_tpr(), "oscr": curve.oscr(), "accuracy": float(right[kept[:n]].mean())}
    for rate, limit in zip(RATES, limits, strict=True):
        at, accepted = f"{100 * rate:.0f}", scores >= limit
        shares = {"alarms": ~accepted[:n][kept[:n]], "found": ~accepted[n:][kept[n:]], "right": (accepted[:n] & right)[kept[:n]]}
        found |= {f"ccr{at}": curve.ccr_at_fpr(rate)} | {name + at: float(share.mean()) for name, share in shares.items()}
    return found


def score_row(file: str | Path) -> pd.DataFrame:
    """The means over splits of a method's measures by kind, from a CSV file as `score` has it: a row of the leaderboard for each kind."""
    table = pd.read_csv(file)
    wanted = ["kind", "split", "part", "model_id", "photograph", "score", "predicted"]
    if lacking := [column for column in wanted if column not in table]:
        raise UserError(f"'{file}' lacks the column {lacking[0]}: it needs {', '.join(wanted)}")
    found = score(table)
    whole = found[found["left_out"] == ""].drop(columns="left_out")
    return whole.groupby("kind", sort=False).mean(numeric_only=True).drop(columns="split").reset_index()
