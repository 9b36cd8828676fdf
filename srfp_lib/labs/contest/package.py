"""Making the package of a contest: a folder for students in which nothing but the images says which network made them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from threadpoolctl import threadpool_limits

from ...common.errors import UserError
from ...profiles import Profile
from ...training.loop import Data
from . import baseline, images, scoring, sheets
from .draws import Counts, Secret, dealt, design, offsets, truth, unseen

STAMP = 946_684_800  # all files bear one time, the first second of 2000: theirs would be in the order of the work


def make(profile: Profile, folder: Path, secret_file: Path, *, networks: int = 12, say: Callable[[str], None] = lambda _: None) -> str:
    """Write the package into a new folder, on the CPU with one thread; returns a sentence. Raises UserError.

    Equal secrets give equal files, byte for byte, on one kind of CPU.
    """
    if os.path.lexists(folder):
        raise UserError(f"'{folder}' is there already: delete it, or name another folder")
    secret = Secret(secret_file)
    hidden = design(secret, networks)
    images.refuse(profile)
    folder.parent.mkdir(parents=True, exist_ok=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1), tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
            draft = Path(place, "draft")
            score = _write(draft, secret, profile, hidden, say)
            draft.rename(folder)
    finally:
        torch.set_num_threads(threads)
    return f"The contest is in {folder}. Baseline: {score}"


def _write(draft: Path, secret: Secret, profile: Profile, hidden: tuple, say: Callable[[str], None]) -> str:
    found = images.photographs(profile)
    places = images.places(found, profile.photographs.rotations)
    parts = {"labelled": places["train"].twice(), "test": places["test"]}
    each = {part: tuple(own.counts().values()) for part, own in parts.items()}
    counts = Counts(len(hidden), unseen(len(hidden)), each["labelled"], each["test"])
    say(f"training {len(hidden)} networks at profile {profile.name}")
    data = Data(images.training_sets(found), [places["train"].tiles[:8]])
    modules = images.trained(hidden, data, profile, seed=secret.seed("training"))
    pixels: dict[str, np.ndarray] = {}
    tables = {part: truth(secret, part, counts) for part in parts}
    for part, own in parts.items():
        at = offsets(secret, part, *own.tiles.shape[:2])
        made = images.crops(own.tiles, dealt(secret, part, counts), hidden, modules, at)
        pixels |= dict(zip(tables[part]["image"], made, strict=True))
        names = list(own.counts())
        tables[part]["in"] = [names[i] for i in tables[part]["photograph"]]
    _save(draft, pixels, tables, counts, profile)
    score = scoring.scored(baseline.answers(draft), tables["test"])
    about = sheets.About(profile, counts, found.photographs, tuple(parts["labelled"].counts()), tuple(parts["test"].counts()),
                         places["test"].tiles.shape[1], score.sentence(len(counts.labels)))  # fmt: skip
    (draft / "datasheet.md").write_text(sheets.datasheet(about), encoding="utf-8")
    (draft / "rules.md").write_text(sheets.rules(about), encoding="utf-8")
    for path in (*draft.rglob("*"), draft):
        os.utime(path, (STAMP, STAMP))
    return score.sentence(len(counts.labels))


def _save(draft: Path, pixels: dict[str, np.ndarray], tables: dict[str, pd.DataFrame], counts: Counts, profile: Profile) -> None:
    """The images in the order of their names, uncompressed: all files have one size, whatever they show."""
    (draft / "images").mkdir(parents=True)
    for name in sorted(pixels):
        Image.fromarray(pixels[name]).save(draft / "images" / name, compress_level=0)
    labelled, test = (tables[part].sort_values("image") for part in ("labelled", "test"))
    labelled[["image", "network"]].assign(photograph=labelled["in"]).to_csv(draft / "labels.csv", index=False, lineterminator="\n")
    test[["image"]].assign(network="").to_csv(draft / "submission_template.csv", index=False, lineterminator="\n")
    (draft / "leaderboard.csv").write_text(scoring.header(), encoding="utf-8")
    (draft / "contest.json").write_text(json.dumps({"format": 1, "profile": profile.name, **counts.stored()}, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(baseline.__file__, draft / "baseline.py")
