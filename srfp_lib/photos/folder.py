"""A folder of the user's photographs. Roles depend on the pictures alone, not on file names or order.

Equal pictures are used once. Near-duplicates (copies, most bursts) count as one photograph and share a training set or fold,
so that no split separates them.
"""

from __future__ import annotations

import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..common.errors import UserError
from ..common.names import legible
from ..common.randomness import seed
from .near_duplicates import groups
from .photoset import SPARE, Photograph, with_unique_names
from .reading import SUFFIXES, UnreadableError, read, read_again, size

NEEDED = 10
SHARES = {"div2k": 0.2, "flickr2k": 0.2, SPARE: 0.1}  # of the photographs; the others are classified
ALIKE = 0.05  # share of all photographs that the near-duplicates of one may have (at least two), lest they fill a fold
FIXED = (0.65, 0.75, 1.0)  # ends of train, validation and test without rotation

Reasons = list[tuple[str, str]]  # (file, reason) for each file that is left out


def files(folder: Path) -> list[Path]:
    """The image files directly in a folder, by name. Raises UserError if there is no such folder."""
    return listing(folder)[0]


def listing(folder: Path) -> tuple[list[Path], Reasons]:
    """The image files directly in a folder, by name, and the reason against everything else in it that is not hidden. Raises UserError."""
    try:
        found = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except FileNotFoundError:
        raise UserError(f"the folder of photographs '{folder}' does not exist: give the path of a folder with at least {NEEDED} images") from None
    except NotADirectoryError:
        raise UserError(f"'{folder}' is a file: photos takes a folder with at least {NEEDED} images") from None
    except OSError as error:
        raise UserError(f"the folder of photographs '{folder}' cannot be read ({error.strerror}): make it readable, or give another") from None
    against = {path: _against(path) for path in found}
    return [path for path in found if not against[path]], [(legible(path.name), reason) for path, reason in against.items() if reason]


def _against(path: Path) -> str:
    """Why a path is no image file; empty if it is one, by its name."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if stat.S_ISDIR(mode):
        return "a folder: only files directly in the folder of photographs are used"
    if path.suffix.lower() not in SUFFIXES:
        return f"{legible(path.suffix) or 'a name without a suffix'} is no kind of image that is read here: convert a photograph to PNG or JPEG"
    return "" if stat.S_ISREG(mode) else "it is no regular file"


def check(folder: Path, smallest: int) -> None:
    """Raises UserError if too few files are usable, judged by their headers alone."""
    paths, others = listing(folder)
    skipped = []
    for path in paths:
        try:
            height, width = size(path)
            if min(height, width) < smallest:
                skipped.append((legible(path.name), _too_small(width, height, smallest)))
        except UnreadableError as error:
            skipped.append((legible(path.name), str(error)))
    _enough(folder, len(paths) - len(skipped), skipped + others)


def _too_small(width: int, height: int, smallest: int) -> str:
    return f"{width} x {height} is smaller than the {smallest} pixels of a tile"


def _enough(folder: Path, usable: int, skipped: Reasons, counted: str = "") -> None:
    if usable < NEEDED:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:5])
        more = f"; and {len(skipped) - 5} more" if len(skipped) > 5 else ""
        reasons = f" (left out: {reasons}{more})" if reasons else ""
        raise UserError(f"'{folder}' has {usable} usable photographs{counted} and {NEEDED} are needed: add some{reasons}")


def load(folder: Path, *, smallest: int, rotations: int, master_seed: int) -> tuple[list[Photograph], Reasons]:
    """The usable photographs with their roles, and (file, reason) for each file skipped. Raises UserError."""
    paths, others = listing(folder)
    usable, skipped = _usable(paths, smallest)
    _enough(folder, len(usable), skipped + others)
    units = _units(usable, master_seed)
    _enough(folder, len(units), skipped + others, ", near-duplicates counted once,")
    most = max(round(ALIKE * len(units)), 2)
    skipped += [(p.file, f"a near-duplicate of {unit[0].file}; of {len(unit)} of them {most} are used") for unit in units for p in unit[most:]]
    return _with_roles([unit[:most] for unit in units], rotations), skipped + others


def _usable(paths: list[Path], smallest: int) -> tuple[list[Photograph], Reasons]:
    """The photographs that can be read, are large enough and different, and (file, reason) for each other file."""
    usable: dict[str, Photograph] = {}
    skipped: Reasons = []
    for path in paths:
        file, stem = legible(path.name), legible(path.stem)
        try:
            pixels, note = read(path)
        except UnreadableError as error:
            skipped.append((file, str(error)))
            continue
        one = Photograph.of(pixels, read=partial(read_again, path), name=stem, file=file, source="folder", note=note)
        height, width = one.size
        if min(height, width) < smallest:
            skipped.append((file, _too_small(width, height, smallest)))
        elif one.sha256 in usable:
            skipped.append((file, f"the same picture as {usable[one.sha256].file}"))
        else:
            usable[one.sha256] = one
    return list(usable.values()), skipped


def _units(photographs: list[Photograph], master_seed: int) -> list[list[Photograph]]:
    """Lists of near-duplicates, most of length one, in the order of a seeded hash of the pixels."""
    group = dict(zip((p.sha256 for p in photographs), groups([p.hashes for p in photographs]), strict=True))
    units: dict[int, list[Photograph]] = {}
    for photograph in sorted(photographs, key=lambda p: seed(master_seed, "role", p.sha256)):
        units.setdefault(group[photograph.sha256], []).append(photograph)
    return list(units.values())


def _with_roles(units: list[list[Photograph]], rotations: int) -> list[Photograph]:
    """A share of the units for each training set, the others dealt into folds, with unique names and notes on near-duplicates."""
    training = [role for role, share in SHARES.items() for _ in range(max(round(share * len(units)), 1))]
    rest = len(units) - len(training)
    found = []
    for i, unit in enumerate(units):
        role, fold = (training[i], -1) if i < len(training) else ("classify", fold_of(i - len(training), rest, rotations))
        for one in unit:
            twins = ", ".join(other.file for other in unit if other is not one)
            note = f"{one.note}; near-duplicate of {twins}".lstrip("; ") if twins else one.note
            found.append(replace(one, role=role, fold=fold, note=note))
    return sorted(with_unique_names(found), key=lambda p: (p.role, p.fold, p.name))


def fold_of(place: int, total: int, rotations: int) -> int:
    """The fold of a photograph by its place in a seeded order: three parts, or the folds that rotate and one for validation."""
    if rotations > 1:
        validation = max(round(total * (FIXED[1] - FIXED[0])), 1)
        return rotations if place < validation else place % rotations
    bounds = [max(round(total * FIXED[0]), 1), max(round(total * FIXED[1]), round(total * FIXED[0]) + 1)]
    return sum(place >= bound for bound in bounds)
