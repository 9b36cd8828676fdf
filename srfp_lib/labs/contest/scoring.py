"""Scoring a submission against the truth, which is derived anew from the secret."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from ...common.errors import UserError
from ...common.files import one_writer, write_whole
from ...common.names import legible
from ...experiments.uncertainty import NAN, Accuracy, Estimate, between
from .draws import UNKNOWN, Counts, Secret, truth

COLUMNS = ["image", "network"]
BOARD = ["team", "date", "accuracy", "low", "high", "each", "n_images", "n_photographs",
         "unknown_found", "unknown_low", "unknown_high", "n_unknown", "called_unknown"]  # fmt: skip


@dataclass(frozen=True)
class Score:
    """How good answers are. ``known``: share of right answers on images of labelled networks; ``unknown``: share of the other networks' images that
    were called unknown; ``called_unknown``: share of the labelled networks' images that were, too."""

    known: Estimate
    unknown: Estimate
    called_unknown: float
    n_known: int
    n_unknown: int

    def row(self) -> dict[str, object]:
        """Its columns of the leaderboard: fractions, with 95 % intervals over photographs, or each photograph's own where they are few."""
        known, unknown = self.known.columns(), self.unknown
        return {
            "accuracy": known["accuracy"], "low": known["low"], "high": known["high"], "each": known["each"], "n_images": self.n_known,
            "n_photographs": known["n_photographs"], "unknown_found": unknown.value, "unknown_low": unknown.low, "unknown_high": unknown.high,
            "n_unknown": self.n_unknown, "called_unknown": self.called_unknown,
        }  # fmt: skip

    def sentence(self, labels: int) -> str:
        """In words, with chance."""
        known, unknown = (between(e.low, e.high, unit=" %", each=e.each) for e in (self.known, self.unknown))
        return (
            f"accuracy {100 * self.known.value:.1f} % ({known}; chance {100 / labels:.1f} %) on {self.n_known} images of the {labels} labelled "
            f"networks; of {self.n_unknown} images of networks without labels {100 * self.unknown.value:.1f} % called unknown ({unknown}), "
            f"and {100 * self.called_unknown:.1f} % of the others"
        )


def scored(answers: dict[str, str], right: pd.DataFrame) -> Score:
    """The score of answers by image; ``right`` as `draws.truth`."""
    table = right.assign(run=1, answer=right["image"].map(answers))
    table["correct"] = table["answer"] == table["network"]
    of_unknown = table["network"] == UNKNOWN
    known, unknown = table[~of_unknown], table[of_unknown]
    called = float((known["answer"] == UNKNOWN).mean())
    return Score(_estimate(known), _estimate(unknown), called, len(known), len(unknown))


def _estimate(answers: pd.DataFrame) -> Estimate:
    nothing = Estimate(NAN, NAN, NAN, NAN, 0, 0)  # a small test may hold no image of a kind
    return Accuracy.of(answers).estimate() if len(answers) else nothing


def counts_of(folder: Path) -> Counts:
    """The open numbers of a package. Raises UserError if the folder is none."""
    path = folder / "contest.json"
    try:
        return Counts.read(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"'{folder}' is no contest (it has no contest.json): name the folder that labs contest make wrote") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"'{path}' is damaged: make the contest again with the same secret, into another folder") from None


def read_answers(file: Path, images: list[str], labels: tuple[str, ...]) -> dict[str, str]:
    """The answers of a submission by image. Raises UserError for anything but one known answer for every image."""
    try:
        rows = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline=""), strict=True))
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"there is no submission '{file}': name the CSV file") from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"'{file}' is no CSV file in UTF-8: save it as one") from None
    header, *lines = [[cell.strip() for cell in row] for row in rows if row] or [[]]
    if not lines:
        raise UserError(f"'{file}' has no answers: fill in submission_template.csv")
    if header != COLUMNS:
        raise UserError(f"'{file}' has the columns {legible(', '.join(header)[:100])}: they must be {', '.join(COLUMNS)}, separated by commas")
    if odd := next((line for line in lines if len(line) != 2), None):
        raise UserError(f"'{file}' has the line '{legible(','.join(odd)[:100])}': a line is the name of an image, a comma, and an answer")
    pairs = [(image, label) for image, label in lines]
    _refuse(file, pairs, set(images), (*labels, UNKNOWN))
    return dict(pairs)


def _refuse(file: Path, pairs: list[tuple[str, str]], images: set[str], labels: tuple[str, ...]) -> None:
    seen = Counter(image for image, _ in pairs)
    complaints = [
        (sorted(images - set(seen)), "no answer for the image '{}'{}: give one, or unknown, for every image of submission_template.csv"),
        (sorted(set(seen) - images), "an answer for '{}'{}, which is no test image: keep the names of submission_template.csv"),
        (sorted(image for image, n in seen.items() if n > 1), "more than one answer for the image '{}'{}: keep one"),
        (sorted({label for _, label in pairs} - set(labels)), f"the answer '{{}}'{{}}: answers are {labels[0]} to {labels[-2]}, or {UNKNOWN}"),
    ]
    for found, sentence in complaints:
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            raise UserError(f"'{file}' has {sentence.format(legible(found[0][:60]), more)}")


def score(folder: Path, submission: Path, secret_file: Path, *, team: str = "") -> str:
    """Score a submission, add a row to the package's leaderboard, and say it in a sentence. Raises UserError, and then writes nothing."""
    counts, secret, name = counts_of(folder), Secret(secret_file), legible(team or submission.stem).strip()
    right = truth(secret, "test", counts)
    if not all((folder / "images" / image).exists() for image in right["image"]):
        raise UserError(f"'{secret_file}' is not the secret of '{folder}', or images are missing there: give the file that it was made with")
    if not name or name[0] in "=+-@":  # spreadsheets take these for formulas
        raise UserError(f"the team's name is '{name}': give one with --team that begins with a letter or digit")
    found = scored(read_answers(submission, list(right["image"]), counts.labels), right)
    _enter(folder / "leaderboard.csv", {"team": name, "date": datetime.now(UTC).date().isoformat(), **found.row()})
    return f"{name}: {found.sentence(len(counts.labels))}"


def _enter(board: Path, row: dict[str, object]) -> None:
    lock = board.with_name(".leaderboard.lock")
    with one_writer(lock, f"another process is writing '{board}': run the same command again"):
        old = board.read_text(encoding="utf-8") if board.exists() else header()
        text = io.StringIO()
        csv.DictWriter(text, BOARD, lineterminator="\n").writerow({k: _shown(v) for k, v in row.items()})
        write_whole(board, (old + text.getvalue()).encode())
    lock.unlink(missing_ok=True)


def header() -> str:
    """The first line of a leaderboard."""
    return ",".join(BOARD) + "\n"


def _shown(value: object) -> object:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4f}"
    return value
