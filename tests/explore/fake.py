"""A study of six invented images: enough for the data of every interactive figure, without a run."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from srfp_lib import fleet, paper
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.common.checkout import DATA
from srfp_lib.explore.files import files
from srfp_lib.fingerprints import lattice

NAMES = [n.model_id for n in fleet.custom()]
IMAGES = [f"{photograph}_r0_c{i}" for photograph in "abcde" for i in (0, 1)]


class Fake:
    """Answers what `srfp_lib.explore` asks of a study; each network adds a 4 x 4 pattern of its own, L1 networks a fainter one."""

    profile = SimpleNamespace(master_seed=1, name="demo", fingerprints=SimpleNamespace(crop=64))
    spelled = staticmethod(paper.spelled)

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        rows, columns = np.mgrid[:64, :64]
        smooth = [rng.normal(0, 0.05, (2, 3)) for _ in IMAGES]
        self.truth = {name: 120 + 60 * np.sin(rows[..., None] * a[0] + columns[..., None] * a[1]) for name, a in zip(IMAGES, smooth, strict=True)}
        self.left = {name: rng.normal(0, 1 if "L1" in name else 5, (4, 4, 3)) for name in NAMES} | {fleet.HR: np.zeros((4, 4, 3))}

    def pixels(self, model_id: str, image: str) -> np.ndarray:
        return (self.truth[image] + np.tile(self.left[model_id], (16, 16, 1))).round().clip(0, 255).astype(np.uint8)

    def photographs(self, name: str = "photographs") -> pd.DataFrame:
        if name == "images":
            return pd.DataFrame({"image": IMAGES, "photograph": [image[0] for image in IMAGES]})
        return pd.DataFrame({"photograph": list("abcde"), "credit": "somebody", "licence": [*("CC0",) * 4, float("nan")]})

    def pictured(self) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        names = [fleet.HR, *NAMES]
        halves = [[lattice.patterns(self.pixels(name, image)[None])[0] for image in IMAGES[:2]] for name in names]
        return pd.DataFrame({"group": "custom", "model_id": names}), np.array(halves, np.float32), np.zeros((len(names), 32, 17), np.float32)

    def predictions(self, task: str) -> list[Predictions]:
        index = pd.DataFrame([(m, i, i[0]) for m in NAMES for i in IMAGES], columns=["model_id", "image", "photograph"])
        scores = np.random.default_rng(1).normal(0, 1, (len(index), len(NAMES))).astype(np.float32)
        scores[np.arange(len(index)), index["model_id"].map(NAMES.index)] += np.where(index["photograph"] == "a", 1, 4)
        features = scores[:, :24] + 5 * index["model_id"].str.contains("x4").to_numpy(np.float32)[:, None]
        return [Predictions(task, 1, tuple(NAMES), index, scores, features)]

    def makes(self, beginning: str) -> bool:
        return not beginning  # its tables are those that are kept

    def outputs(self, beginning: str) -> list[Path]:
        return [DATA / "reference" / "lab" / Path(beginning).name]


@cache
def made() -> dict[str, bytes]:
    """The files of the invented study, made once."""
    return files(Fake())
