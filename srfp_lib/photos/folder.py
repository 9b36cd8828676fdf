"""A folder of the user's photographs. Roles depend on the pictures alone, not on file names or order.

Equal pictures are used once. Near-duplicates (copies, most bursts) count as one photograph and share a training set or fold,
so that no split separates them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from ..common.errors import UserError
from ..common.randomness import seed
from .near_duplicates import groups, perceptual_hashes
from .photoset import Photograph
from .reading import SUFFIXES, UnreadableError, read, read_again

NEEDED = 10
SHARES = {"div2k": 0.2, "flickr2k": 0.2, "stand-ins": 0.1}  # of the photographs; the others are classified
ALIKE = 0.05  # share of all photographs that the near-duplicates of one may have (at least two), lest they fill a fold
FIXED = (0.65, 0.75, 1.0)  # ends of train, validation and test without rotation


def files(folder: Path) -> list[Path]:
    """The image files directly in a folder, by name. Raises UserError if there is no such folder."""
    try:
        found = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()]
    except FileNotFoundError:
        raise UserError(f"the folder of photographs '{folder}' does not exist: give the path of a folder with at least {NEEDED} images") from None
    except NotADirectoryError:
        raise UserError(f"'{folder}' is a file: photos takes a folder with at least {NEEDED} images") from None
    return sorted(found)


def check(folder: Path, smallest: int) -> None:
    """Raises UserError if too few files are usable, judged by their headers alone."""
    skipped, paths = [], files(folder)
    for path in paths:
        try:
            with Image.open(path) as image:
                if min(image.size) < smallest:
                    skipped.append((path.name, _too_small(*image.size, smallest)))
        except (OSError, SyntaxError, ValueError):
            skipped.append((path.name, "it cannot be read"))
    _enough(folder, len(paths) - len(skipped), skipped)


def _too_small(width: int, height: int, smallest: int) -> str:
    return f"{width} x {height} is smaller than the {smallest} pixels of a tile"


def _enough(folder: Path, usable: int, skipped: list[tuple[str, str]], counted: str = "") -> None:
    if usable < NEEDED:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:5])
        reasons = f" (left out: {reasons})" if reasons else ""
        raise UserError(f"'{folder}' has {usable} usable photographs{counted} and {NEEDED} are needed: add some{reasons}")


def load(folder: Path, *, smallest: int, rotations: int, master_seed: int) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The usable photographs with their roles, and (file, reason) for each file skipped. Raises UserError."""
    usable: dict[str, Photograph] = {}
    hashes, skipped = [], []
    for path in files(folder):
        try:
            pixels, note = read(path)
        except UnreadableError as error:
            skipped.append((path.name, str(error)))
            continue
        one = Photograph.of(pixels, read=partial(read_again, path), name=path.stem, file=path.name, source="folder", note=note)
        height, width = one.size
        if min(height, width) < smallest:
            skipped.append((path.name, _too_small(width, height, smallest)))
        elif one.sha256 in usable:
            skipped.append((path.name, f"the same picture as {usable[one.sha256].file}"))
        else:
            usable[one.sha256] = one
            hashes.append(perceptual_hashes(pixels))
    _enough(folder, len(usable), skipped)
    units = _units(list(usable.values()), hashes, master_seed)
    _enough(folder, len(units), skipped, ", near-duplicates counted once,")
    most = max(round(ALIKE * len(units)), 2)
    skipped += [(p.file, f"a near-duplicate of {unit[0].file}; of {len(unit)} of them {most} are used") for unit in units for p in unit[most:]]
    return _with_roles([unit[:most] for unit in units], rotations), skipped


def _units(photographs: list[Photograph], hashes: list[tuple[str, str]], master_seed: int) -> list[list[Photograph]]:
    """Lists of near-duplicates, most of length one, in the order of a seeded hash of the pixels."""
    group = dict(zip((p.sha256 for p in photographs), groups(hashes), strict=True))
    units: dict[int, list[Photograph]] = {}
    for photograph in sorted(photographs, key=lambda p: seed(master_seed, "role", p.sha256)):
        units.setdefault(group[photograph.sha256], []).append(photograph)
    return list(units.values())


def _with_roles(units: list[list[Photograph]], rotations: int) -> list[Photograph]:
    """A share of the units for each training set, the others dealt into folds, with unique names and notes on near-duplicates."""
    used: dict[str, int] = {}
    training = [role for role, share in SHARES.items() for _ in range(max(round(share * len(units)), 1))]
    rest = len(units) - len(training)
    found = []
    for i, unit in enumerate(units):
        role, fold = (training[i], -1) if i < len(training) else ("classify", fold_of(i - len(training), rest, rotations))
        for one in unit:
            used[one.name] = used.get(one.name, 0) + 1
            name = one.name if used[one.name] == 1 else f"{one.name}.{used[one.name]}"
            twins = ", ".join(other.file for other in unit if other is not one)
            note = f"{one.note}; near-duplicate of {twins}".lstrip("; ") if twins else one.note
            found.append(replace(one, role=role, fold=fold, name=name, note=note))
    return sorted(found, key=lambda p: (p.role, p.fold, p.name))


def fold_of(place: int, total: int, rotations: int) -> int:
    """The fold of a photograph by its place in a seeded order: three parts, or the folds that rotate and one for validation."""
    if rotations > 1:
        validation = max(round(total * (FIXED[1] - FIXED[0])), 1)
        return rotations if place < validation else place % rotations
    bounds = [max(round(total * FIXED[0]), 1), max(round(total * FIXED[1]), round(total * FIXED[0]) + 1)]
    return sum(place >= bound for bound in bounds)
