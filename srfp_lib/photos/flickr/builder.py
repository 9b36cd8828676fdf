"""Builds the set: goes through the results of each tag in Flickr's order and takes what may be taken.

Every decision depends on the candidate and on those taken before it, so that a run that was stopped, however often, ends
with the set of a run that was not.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...common.errors import UserError
from ...common.files import write_whole
from ...fetching.downloads import GoneError
from ..near_duplicates import is_near, perceptual_hashes
from ..reading import UnreadableError, fingerprint_of, read
from .api import Flickr
from .prepare import SIDE, as_png, prepare
from .state import State
from .table import FOLDER, LIST, Row, check_names, deal, read_table, write_list, write_splits

SIZES = ("o", "6k", "5k", "4k", "3k", "k", "h")  # Flickr's names, the original first
PAGES = 16  # Flickr shows the first 4,000 results of a search
TAKEN = "taken"


@dataclass(frozen=True)
class Plan:
    """What the set is. Licences without leave to adapt (nd) are left out: SR images are adaptations."""

    tags: tuple[str, ...] = ("food", "architecture", "people", "animals", "landscapes")
    per_tag: int = 200
    per_owner: int = 2  # the paper: more than 500 owners of 1,000 photographs
    licences: tuple[str, ...] = ("by", "by-sa", "by-nc", "by-nc-sa", "zero", "mark", "usgov")
    least_pixels: int = 2_000_000
    side: int = SIDE
    master_seed: int = 1

    def __post_init__(self) -> None:
        for name in ("per_tag", "per_owner", "side"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: give 1 or more")


def build(folder: Path, flickr: Flickr, plan: Plan, *, say: Callable[[str], None] = lambda text: None) -> list[Row]:
    """The set in a folder; one whose list exists is complete and left alone.

    Raises UserError when Flickr stays silent or a tag has too few photographs; called again it goes on from there.
    """
    state = State(folder)
    with state.locked({name: list(v) if isinstance(v, tuple) else v for name, v in asdict(plan).items()}):
        if (folder / LIST).exists():
            return read_table(folder / LIST)
        builder = _Builder(folder, flickr, plan, state)
        for tag in plan.tags:
            builder.fill(tag)
            say(f"{tag}: {plan.per_tag} photographs")
        rows = deal(builder.rows, master_seed=plan.master_seed)
        for orphan in {p.name for p in (folder / FOLDER).iterdir()} - {row.file for row in rows}:
            (folder / FOLDER / orphan).unlink()  # written by a run that was killed before it noted the decision
        write_splits(folder, rows)
        write_list(folder, rows)
        return rows


class _Builder:
    """The photographs taken so far, and the next decisions."""

    def __init__(self, folder: Path, flickr: Flickr, plan: Plan, state: State) -> None:
        self.folder, self.flickr, self.plan, self.state = folder, flickr, plan, state
        decisions = state.decisions(mend=True)
        self.decided = {d["id"] for d in decisions}
        self.rows = [Row(**d["row"]) for d in decisions if d["outcome"] == TAKEN]
        self.licences = state.kept("licences.json", flickr.licences)
        self.allowed = [number for number, (code, _) in self.licences.items() if code in plan.licences]
        if not self.allowed:
            known = ", ".join(sorted({code for code, _ in self.licences.values() if code}))
            raise UserError(f"Flickr has none of the licences {', '.join(plan.licences)}: choose among {known}, in another folder")

    def fill(self, tag: str) -> None:
        """Decide on the results for a tag until it has its photographs."""
        results = self._results(tag)
        while (there := sum(row.tag == tag for row in self.rows)) < self.plan.per_tag:
            found = next(results, None)
            if found is None:
                raise UserError(
                    f"the tag '{tag}' has {there} photographs that may be taken, and {self.plan.per_tag} are wanted: allow more "
                    "licences, more photographs per owner, or fewer photographs per tag, in another folder"
                )
            photo_id = str(found.get("id"))
            if photo_id in self.decided:
                continue
            outcome = self._judge(found, tag)
            row = outcome if isinstance(outcome, Row) else None
            self.state.decide({"id": photo_id, "outcome": TAKEN if row else outcome, "row": row and asdict(row)})
            self.decided.add(photo_id)
            self.rows += [row] if row else []

    def _results(self, tag: str) -> Iterator[dict[str, Any]]:
        """All results for a tag; a page seen once is kept, for Flickr's order changes from day to day."""
        page, pages = 1, 1
        while page <= min(pages, PAGES):
            name = f"{self.plan.tags.index(tag)}-{page:02d}.json"
            found, pages = self.state.kept(name, lambda page=page: self.flickr.search(tag, page, self.allowed))
            yield from found
            page += 1

    def _judge(self, found: dict[str, Any], tag: str) -> Row | str:
        """The row of a photograph that is taken, its file in place; or why it is not."""
        row = _described(found, tag, self.licences, self.plan)
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
        return replace(row, camera=camera, sha256=hashlib.sha256(content).hexdigest(), pixels=fingerprint_of(small), phash=hashes[0])


def _described(found: dict[str, Any], tag: str, licences: dict[str, Any], plan: Plan) -> Row | str:
    """What the search alone tells about a photograph, or why it is not taken."""
    try:
        photo_id, secret, owner = (str(found[k]) for k in ("id", "secret", "owner"))
        check_names(photo_id, secret)
        code, licence = licences[str(found["license"])]
    except (KeyError, ValueError):
        return "described incompletely"
    if not owner or code not in plan.licences:
        return "licence or owner"
    sizes = [tuple(found.get(f"{part}_{s}") for part in ("url", "width", "height")) for s in SIZES]
    large = [(address, int(w), int(h)) for address, w, h in sizes if address and w and h and int(w) * int(h) >= plan.least_pixels]
    if not large:
        return "too small"
    address, width, height = large[0]
    title, name = (" ".join(str(found.get(k) or "").split()) for k in ("title", "ownername"))
    page = f"https://www.flickr.com/photos/{owner}/{photo_id}"
    return Row(photo_id, secret, tag, "", owner, name or owner, title, code, licence, page, address, width, height, "", "", "", "")
