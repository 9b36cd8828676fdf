"""The checkout: the notebooks, the book, the small tables in `data` and, by default, the runs lie in it."""

import os
import unicodedata
from argparse import ArgumentTypeError
from pathlib import Path

from .errors import UserError

HOME = Path(__file__).parents[2]
DATA = HOME / "data"
WEIGHTS = HOME / "weights"  # by default
PHOTOS = HOME / "runs" / "photos"


def absolute(text: str | Path, folder: Path | None = None) -> Path:
    """A path as a user gives it, absolute: a relative one is relative to ``folder``, or else to the current one. Raises UserError."""
    if not isinstance(text, str | Path):
        raise UserError(f"a path is text, and not {text!r}: with papermill give it by -r, which leaves numbers alone")
    if not str(text).strip() or "\0" in str(text):
        raise UserError(f"{str(text)!r} is no path: name one")
    try:
        if str(text).startswith("~") and "SRFP_MADE_HOME" in os.environ:
            raise RuntimeError("this user has no home that can be written")
        return _spelt(_without_dots(Path(folder or Path.cwd(), Path(text).expanduser())))
    except (RuntimeError, OSError) as error:  # no home, or a current folder that was deleted
        raise UserError(f"the path '{text}' leads nowhere ({error}): name an absolute one") from None


def _without_dots(path: Path) -> Path:
    """The same place by a path without `..`, before which a link may stand."""
    plain = Path(os.path.normpath(path))
    return plain if ".." not in path.parts or os.path.realpath(plain) == os.path.realpath(path) else Path(os.path.realpath(path))


def _spelt(path: Path) -> Path:
    """The path with its accents composed or decomposed as they are in the names of what is there."""
    if str(path).isascii() or os.path.lexists(path):
        return path
    found = Path(path.anchor)
    for part in path.relative_to(found).parts:
        codings = [found / coding for coding in (part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD")))]
        found = next(filter(os.path.lexists, codings), codings[0])
    return found


def place(text: str) -> Path:
    """`absolute` for the command line's parser."""
    try:
        return absolute(text)
    except UserError as error:
        raise ArgumentTypeError(str(error)) from None


def check() -> None:
    """Raises UserError if the package is a copy of its own, as an installation without -e makes one."""
    if missing := [name for name in ("data", "notebooks", "book") if not (HOME / name).is_dir()]:
        raise UserError(
            f"'{HOME}' has no {', '.join(missing)}: this copy of srfp_lib was installed without its checkout; "
            "run pip install -e . in the checkout, or start python -m srfp_lib there"
        )
