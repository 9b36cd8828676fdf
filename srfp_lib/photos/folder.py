"""A folder of one's own photographs. Roles depend on the pictures alone, not on their names or order.

Equal pictures are used once. Near-duplicates (copies, most bursts) are dealt to training sets and folds as one unit, which
counts as one photograph, so that no two of them are on different sides of a split.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from ..common.errors import UserError
from ..common.randomness import seed
from .near_duplicates import groups, perceptual_hashes
from .photoset import Photograph
from .reading import SUFFIXES, UnreadableError, fingerprint_of, read, read_again

NEEDED = 10
SHARES = {"div2k": 0.2, "flickr2k": 0.2, "stand-ins": 0.1}  # of the photographs; the others are classified
ALIKE = 0.05  # of all units: so many near-duplicates of one picture are used at most (but always two), lest they fill a fold
FIXED = (0.65, 0.75, 1.0)  # ends of train, validation and test among the others, where the split does not rotate


def files(folder: Path) -> list[Path]:
    """The image files directly in a folder, by name."""
    try:
        found = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()]
    except FileNotFoundError:
        raise UserError(f"the folder of photographs '{folder}' does not exist: give the path of a folder with at least {NEEDED} images") from None
    except NotADirectoryError:
        raise UserError(f"'{folder}' is a file: photos takes a folder with at least {NEEDED} images") from None
    return sorted(found)


def check(folder: Path, smallest: int) -> None:
    """Raises UserError if too few files of a folder can be used, going by their headers: no image is decoded."""
    from PIL import Image

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
        raise UserError(
            f"'{folder}' has {usable} usable photographs{counted} and {NEEDED} are needed: add some" + (f" (left out: {reasons})" if reasons else "")
        )


def load(folder: Path, *, smallest: int, rotations: int, master_seed: int) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The usable photographs with their roles, and (file, reason) of the others."""
    usable: dict[str, Photograph] = {}
    hashes, skipped = [], []
    for path in files(folder):
        try:
            pixels, note = read(path)
        except UnreadableError as error:
            skipped.append((path.name, str(error)))
            continue
        height, width = pixels.shape[:2]
        sha256 = fingerprint_of(pixels)
        if min(height, width) < smallest:
            skipped.append((path.name, _too_small(width, height, smallest)))
        elif sha256 in usable:
            skipped.append((path.name, f"the same picture as {usable[sha256].file}"))
        else:
            again = partial(read_again, path)
            usable[sha256] = Photograph(path.stem, (height, width), again, "", -1, path.name, "folder", "", "", sha256, note)
            hashes.append(perceptual_hashes(pixels))
    _enough(folder, len(usable), skipped)
    units = _units(list(usable.values()), hashes, master_seed)
    _enough(folder, len(units), skipped, ", near-duplicates counted once,")
    most = max(round(ALIKE * len(units)), 2)
    skipped += [(p.file, f"a near-duplicate of {unit[0].file}; of {len(unit)} of them {most} are used") for unit in units for p in unit[most:]]
    return _with_roles([_noted(unit[:most]) for unit in units], rotations), skipped


def _units(photographs: list[Photograph], hashes: list[tuple[str, str]], master_seed: int) -> list[list[Photograph]]:
    """Near-duplicates together, a photograph without any by itself, in the order of a seeded hash of the pixels."""
    number = dict(zip((p.sha256 for p in photographs), groups(hashes), strict=True))
    units: dict[int, list[Photograph]] = {}
    for photograph in sorted(photographs, key=lambda p: seed(master_seed, "role", p.sha256)):
        units.setdefault(number[photograph.sha256], []).append(photograph)
    return list(units.values())


def _noted(unit: list[Photograph]) -> list[Photograph]:
    """The members of a unit, each with a note that names the others."""
    if len(unit) == 1:
        return unit
    others = [", ".join(p.file for p in unit if p is not photograph) for photograph in unit]
    notes = [f"{p.note}; near-duplicate of {names}".lstrip("; ") for p, names in zip(unit, others, strict=True)]
    return [replace(p, note=note) for p, note in zip(unit, notes, strict=True)]


def _with_roles(units: list[list[Photograph]], rotations: int) -> list[Photograph]:
    """A share of the units for each training set, the others dealt into folds, in their order."""
    names: dict[str, int] = {}
    training = [role for role, share in SHARES.items() for _ in range(max(round(share * len(units)), 1))]
    rest = len(units) - len(training)
    found = []
    for i, unit in enumerate(units):
        role, fold = (training[i], -1) if i < len(training) else ("classify", fold_of(i - len(training), rest, rotations))
        for photograph in unit:
            used = names[photograph.name] = names.get(photograph.name, 0) + 1
            name = photograph.name if used == 1 else f"{photograph.name}.{used}"
            found.append(replace(photograph, role=role, fold=fold, name=name))
    return sorted(found, key=lambda p: (p.role, p.fold, p.name))


def fold_of(place: int, total: int, rotations: int) -> int:
    """The fold of a photograph by its place in a seeded order: three parts, or folds to rotate and one for validation."""
    if rotations > 1:
        validation = max(round(total * (FIXED[1] - FIXED[0])), 1)
        return rotations if place < validation else place % rotations
    bounds = [max(round(total * FIXED[0]), 1), max(round(total * FIXED[1]), round(total * FIXED[0]) + 1)]
    return sum(place >= bound for bound in bounds)
