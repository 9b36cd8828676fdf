"""The checkout: the notebooks, the book, the small tables in `data` and, by default, the runs lie in it."""

from argparse import ArgumentTypeError
from pathlib import Path

from .errors import UserError

HOME = Path(__file__).parents[2]
DATA = HOME / "data"
WEIGHTS = HOME / "weights"  # by default
PHOTOS = HOME / "runs" / "photos"


def place(text: str) -> Path:
    """A path from the command line, absolute: a relative one is relative to the current folder."""
    if not text.strip() or "\0" in text:
        raise ArgumentTypeError(f"{text!r} is no path: give one")
    try:
        return Path(text).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # no home, or a current folder that was deleted
        raise ArgumentTypeError(f"the path '{text}' leads nowhere ({error}): give an absolute one") from None


def check() -> None:
    """Raises UserError if the package is a copy of its own, as an installation without -e makes one."""
    if missing := [name for name in ("data", "notebooks", "book") if not (HOME / name).is_dir()]:
        raise UserError(
            f"'{HOME}' has no {', '.join(missing)}: this copy of srfp_lib was installed without its checkout; "
            "run pip install -e . in the checkout, or start python -m srfp_lib there"
        )
