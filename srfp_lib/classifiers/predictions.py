"""The outputs of a trained classifier on its test images: all that experiments work with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32

from ..common.errors import UserError


@dataclass(frozen=True, eq=False)
class Predictions:
    """The outputs of one classifier run, a row per test image; ``index`` has the columns model_id, image, photograph.

    ``scores`` are the log-probabilities of a CNN, or negative squared distances of PRNU, minus infinity to networks of other triplets.
    PRNU has no ``features``.
    """

    task: str
    run: int
    classes: tuple[str, ...]
    index: pd.DataFrame
    scores: Float32[np.ndarray, "images classes"]
    features: Float32[np.ndarray, "images d"] | None = None

    @property
    def predicted(self) -> np.ndarray:
        """The class with the highest score, for every row (object array of names)."""
        return np.asarray(self.classes, dtype=object)[self.scores.argmax(1)]

    def answers(self) -> pd.DataFrame:
        """The index with the columns run and predicted."""
        return self.index.assign(run=self.run, predicted=self.predicted)

    def features_of(self, rows: np.ndarray) -> Float32[np.ndarray, "rows d"]:
        """The features of some rows; ValueError for a method without features (PRNU)."""
        if self.features is None:
            raise ValueError(f"{self.task} has no features")
        return self.features[rows]

    def save(self, folder: Path) -> None:
        """Write index.parquet, scores.npy, features.npy and run.json into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.index.to_parquet(folder / "index.parquet", index=False)
        np.save(folder / "scores.npy", self.scores)
        if self.features is not None:
            np.save(folder / "features.npy", self.features)
        (folder / "run.json").write_text(json.dumps({"task": self.task, "run": self.run, "classes": self.classes}))

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Read what `save` wrote; a missing, truncated or inconsistent file raises UserError."""
        try:
            run = json.loads((folder / "run.json").read_text())
            index = pd.read_parquet(folder / "index.parquet")
            scores = np.load(folder / "scores.npy", allow_pickle=False)
            features = np.load(folder / "features.npy", allow_pickle=False) if (folder / "features.npy").exists() else None
            if scores.shape != (len(index), len(run["classes"])):
                raise ValueError(f"{scores.shape} scores do not fit together with {len(index)} images and {len(run['classes'])} classes")
            return cls(run["task"], run["run"], tuple(run["classes"]), index, scores, features)
        except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
            raise UserError(f"the predictions in '{folder}' are damaged ({error}): delete the folder, and the same command makes it again") from None
