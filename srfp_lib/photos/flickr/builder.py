"""Builds the set from Flickr's search, or rebuilds it from a list.

`build` walks the results of each tag in Flickr's order and takes every photograph that qualifies. Each decision depends only on the
candidate and those taken before it, so interruptions never change the set.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...common.errors import UserError
from ...common.files import write_whole
from ...fetching.downloads import GoneError
from ..near_duplicates import is_near, perceptual_hashes
from ..reading import UnreadableError, as_png, pixel_digest, read
from .api import Flickr
from .state import State
from .table import FOLDER, LIST, Row, check_names, deal, read_table, write_lists

SIZES = ("o", "6k", "5k", "4k", "3k", "k", "h")  # Flickr's names, the original first
PAGES = 16  # Flickr shows the first 4,000 results of a search
SIDE = 960
LICENCES = ("by", "by-sa", "by-nc", "by-nc-sa", "zero", "mark", "usgov")  # without nd: SR images are adaptations


@dataclass(frozen=True)
class Plan:
    """The set to build."""

    tags: tuple[str, ...] = ("food", "architecture", "people", "animals", "landscapes")
    per_tag: int = 200
    per_owner: int = 2  # the paper: more than 500 owners of 1,000 photographs
    licences: tuple[str, ...] = LICENCES
    least_pixels: int = 2_000_000
    side: int = SIDE
    master_seed: int = 1

    def __post_init__(self) -> None:
        for name in ("per_tag", "per_owner", "side"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: give 1 or more")


def build(folder: Path, flickr: Flickr, plan: Plan, *, say: Callable[[str], None] = lambda text: None) -> list[Row]:
    """Build the set in a folder, resuming an interrupted run; one with a list is complete and stays as it is. Raises UserError."""
    state = State(folder)
    with state.locked(json.loads(json.dumps(asdict(plan)))):
        if (folder / LIST).exists():
            return read_table(folder / LIST)
        builder = _Builder(folder, flickr, plan, state)
        for tag in plan.tags:
            builder.fill(tag)
            say(f"{tag}: {plan.per_tag} photographs")
        rows = deal(builder.rows, master_seed=plan.master_seed)
        for orphan in set((folder / FOLDER).iterdir()) - {folder / FOLDER / row.file for row in rows}:
            orphan.unlink()  # from a run killed before it noted the decision
        write_lists(folder, rows, rows)
        return rows


class _Builder:
    def __init__(self, folder: Path, flickr: Flickr, plan: Plan, state: State) -> None:
        self.folder, self.flickr, self.plan, self.state = folder, flickr, plan, state
        decisions = state.decisions(mend=True)
        self.decided = {d["id"] for d in decisions}
        self.rows = [Row(**d["row"]) for d in decisions if d["row"]]
        self.licences = state.kept("licences.json", flickr.licences)
        self.allowed = [number for number, (code, _) in self.licences.items() if code in plan.licences]
        if not self.allowed:
            known = ", ".join(sorted({code for code, _ in self.licences.values() if code}))
            raise UserError(f"Flickr has none of the licences {', '.join(plan.licences)}: choose among {known}, in another folder")

    def fill(self, tag: str) -> None:
        """Decide on the results for a tag until it has its photographs."""
        there = 0
        for found in self._results(tag):
            if (photo_id := str(found.get("id"))) not in self.decided:
                outcome = self._judge(found, tag)
                row = outcome if isinstance(outcome, Row) else None
                self.state.decide({"id": photo_id, "outcome": "taken" if row else outcome, "row": row and asdict(row)})
                self.decided.add(photo_id)
                self.rows += [row] if row else []
            if (there := sum(row.tag == tag for row in self.rows)) >= self.plan.per_tag:
                return
        raise UserError(
            f"the tag '{tag}' has {there} photographs that may be taken, and {self.plan.per_tag} are wanted: allow more "
            "licences, more photographs per owner, or fewer photographs per tag, in another folder"
        )

    def _results(self, tag: str) -> Iterator[dict[str, Any]]:
        """All results for a tag. Pages are kept, as Flickr's order changes from day to day."""
        for page in range(1, PAGES + 1):
            name = f"{self.plan.tags.index(tag)}-{page:02d}.json"
            found, pages = self.state.kept(name, lambda page=page: self.flickr.search(tag, page, self.allowed))
            yield from found
            if page >= pages:
                return

    def _judge(self, found: dict[str, Any], tag: str) -> Row | str:
        """The row of a photograph taken, its file in place; or the reason against it."""
        row = self._described(found, tag)
        if isinstance(row, str):
            return row
        if sum(other.owner == row.owner for other in self.rows) >= self.plan.per_owner:
            return "enough of this owner"
        try:
            content = self.flickr.photograph(row.address)
            pixels, _ = read(io.BytesIO(content))
            if pixels.shape[0] * pixels.shape[1] < self.plan.least_pixels:
                return "smaller than Flickr says"
            small = prepare(pixels, self.plan.side)
            hashes = perceptual_hashes(small)
            if any(is_near(one, other.phash) for one in hashes for other in self.rows):
                return "a near-duplicate"
            camera = self.flickr.camera(row.id)
        except GoneError:
            return "gone"
        except UnreadableError:
            return "cannot be decoded"
        write_whole(self.folder / FOLDER / row.file, as_png(small))
        return replace(row, camera=camera, sha256=hashlib.sha256(content).hexdigest(), pixels=pixel_digest(small), phash=hashes[0])

    def _described(self, found: dict[str, Any], tag: str) -> Row | str:
        """The row as far as the search result fills it, or the reason against the photograph."""
        try:
            photo_id, secret, owner = (str(found[k]) for k in ("id", "secret", "owner"))
            check_names(photo_id, secret)
            code, licence = self.licences[str(found["license"])]
        except (KeyError, ValueError):
            return "described incompletely"
        if not owner or code not in self.plan.licences:
            return "licence or owner"
        sizes = [tuple(found.get(f"{part}_{s}") for part in ("url", "width", "height")) for s in SIZES]
        large = [(address, int(w), int(h)) for address, w, h in sizes if address and w and h and int(w) * int(h) >= self.plan.least_pixels]
        if not large:
            return "too small"
        address, width, height = large[0]
        title, name = (" ".join(str(found.get(k) or "").split()) for k in ("title", "ownername"))
        return Row(
            id=photo_id, secret=secret, tag=tag, owner=owner, owner_name=name or owner, title=title, licence=code, licence_address=licence,
            page=f"https://www.flickr.com/photos/{owner}/{photo_id}", address=address, width=width, height=height,
            split="", camera="", sha256="", pixels="", phash="",
        )  # fmt: skip


def rebuild(path: Path, folder: Path, flickr: Flickr, *, side: int = SIDE, say: Callable[[str], None] = lambda text: None) -> pd.DataFrame:
    """Fetch the photographs of a list into a folder; returns and writes `report.csv`: photograph, page, owner, licence, outcome.

    Needs no key. Photographs already there are kept, so an interrupted run resumes; missing ones are reported, not replaced, and
    left out of the split files. Raises UserError for addresses that are not Flickr's, another list's folder and a silent server.
    """
    rows = read_table(path)
    for row in rows:
        flickr.check(row.address)
    if (folder / LIST).exists() and read_table(folder / LIST) != rows:
        raise UserError(f"'{folder}' holds the photographs of another list than '{path}': choose another folder")
    with State(folder).locked():
        there, outcomes = [], []
        for number, row in enumerate(rows, 1):
            outcome = _fetch(row, folder / FOLDER / row.file, flickr, side)
            outcomes.append((row.file, row.page, row.owner, row.licence, outcome))
            there += [row] if outcome.startswith("there") else []
            if number % 50 == 0:
                say(f"{number} of {len(rows)} photographs looked at, {number - len(there)} missing")
        report = pd.DataFrame(outcomes, columns=["photograph", "page", "owner", "licence", "outcome"])
        write_whole(folder / "report.csv", report.to_csv(index=False, lineterminator="\n").encode())
        write_lists(folder, rows, there)
        return report


def _fetch(row: Row, target: Path, flickr: Flickr, side: int) -> str:
    if target.exists():
        try:
            if pixel_digest(read(target)[0]) == row.pixels:
                return "there"
        except UnreadableError:
            pass  # damaged: fetched again
    try:
        content = flickr.photograph(row.address)
    except GoneError:
        return "gone"
    if hashlib.sha256(content).hexdigest() != row.sha256:
        return "another file at its address"
    try:
        small = prepare(read(io.BytesIO(content))[0], side)
    except UnreadableError as error:
        raise UserError(f"'{row.file}' {error} here, although it is the file of the list: update Pillow") from None
    write_whole(target, as_png(small))
    return "there" if pixel_digest(small) == row.pixels else "there, but decoded or reduced otherwise here"


def prepare(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
    """uint8 H x W x 3 with its longer side reduced to ``side``: Gaussian blur, then bicubic sampling (a = -0.75).

    The paper leaves the width of the blur open; here it is (factor - 1) / 2 pixels (D42). Smaller images stay unchanged.

    >>> prepare(np.full((300, 200, 3), 7, np.uint8), 96).shape
    (96, 64, 3)
    """
    import torch
    from scipy.ndimage import gaussian_filter  # pyrefly: ignore[untyped-import]  # scipy has no stubs

    height, width = pixels.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return pixels
    sigma = (factor - 1) / 2
    blurred = torch.from_numpy(gaussian_filter(pixels.astype(np.float32), (sigma, sigma, 0)))
    size = (max(round(height / factor), 1), max(round(width / factor), 1))
    small = torch.nn.functional.interpolate(blurred.movedim(-1, 0)[None], size=size, mode="bicubic")[0]
    return small.movedim(0, -1).round().clamp(0, 255).to(torch.uint8).contiguous().numpy()
