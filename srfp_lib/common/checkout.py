"""The checkout: the notebooks, the book, the small tables in `data` and, by default, the runs lie in it."""

from pathlib import Path

from .errors import UserError

HOME = Path(__file__).parents[2]
DATA = HOME / "data"


def check() -> None:
    """Raises UserError if the package is a copy of its own, as an installation without -e makes one."""
    if missing := [name for name in ("data", "notebooks", "book") if not (HOME / name).is_dir()]:
        raise UserError(
            f"'{HOME}' has no {', '.join(missing)}: this copy of srfp_lib was installed without its checkout; "
            "run pip install -e . in the checkout, or start python -m srfp_lib there"
        )
